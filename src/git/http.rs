//! What the user's git configuration says about http: proxy, certificates, extra headers, also those
//! for one URL (`http.<url>.extraHeader`). gix's own http client reads only a part of them.

use std::any::Any;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::net::ClientSettings;
use gix::protocol::transport::client::blocking_io::http::Options;
use gix::protocol::transport::client::blocking_io::http::reqwest::Options as Backend;

/// The options for asking `url` over http.
pub(super) fn options(
    repo: &gix::Repository,
    url: &gix::Url,
    connect_timeout: Duration,
) -> Result<Option<Box<dyn Any>>, gix::Error> {
    let plain = url.to_bstring();
    let Some(options) = repo.transport_options(plain.as_slice(), None)? else {
        return Ok(None);
    };
    let mut options = match options.downcast::<Options>() {
        Ok(options) => *options,
        Err(other) => return Ok(Some(other)),
    };
    let config = repo.config_snapshot();
    let mut sections: Vec<(usize, gix::config::file::SectionRef<'_>)> = config
        .plumbing()
        .sections_by_name("http")
        .into_iter()
        .flatten()
        .filter(|section| section.meta().trust == gix::sec::Trust::Full)
        .filter_map(|section| {
            let pattern = section.header().subsection_name()?.to_string();
            let pattern = gix::url::parse(pattern.as_str()).ok()?;
            Some((matches(&pattern, url)?, section))
        })
        .collect();
    // The longer pattern is the more specific one and is read last.
    sections.sort_by_key(|(length, _)| *length);
    for (_, section) in &sections {
        for header in section.values("extraHeader") {
            match header.to_string() {
                // As in git: an empty value forgets those before.
                header if header.is_empty() => options.extra_headers.clear(),
                header => options.extra_headers.push(header),
            }
        }
        if let Some(proxy) = section.value("proxy") {
            options.proxy = Some(proxy.to_string());
        }
        if let Some(file) = section.value("sslCAInfo") {
            options.ssl_ca_info = Some(PathBuf::from(file.to_string()));
        }
        if let Some(verify) = section.value("sslVerify") {
            options.ssl_verify = !matches!(
                verify.to_string().to_ascii_lowercase().as_str(),
                "false" | "no" | "off" | "0"
            );
        }
    }
    let client = ClientSettings {
        proxy: options.proxy.clone(),
        no_proxy: options.no_proxy.clone(),
        certificates: options.ssl_ca_info.clone(),
        verify: options.ssl_verify,
        connect_timeout,
        // The caller's own limit holds; the client's would end a large fetch after 30 s.
        idle_timeout: None,
    };
    let backend = Backend {
        configure_client: Some(Box::new(move |builder| {
            client.configure(builder).map_err(gix::Error::from_error)
        })),
        configure_request: None,
    };
    options.backend = Some(Arc::new(Mutex::new(backend)));
    Ok(Some(Box::new(options)))
}

/// How much of `url` the pattern of a section covers; `None` when it is about another place.
fn matches(pattern: &gix::Url, url: &gix::Url) -> Option<usize> {
    let same = pattern.scheme == url.scheme
        && pattern.host() == url.host()
        && pattern.port_or_default() == url.port_or_default()
        && (pattern.user().is_none() || pattern.user() == url.user());
    let prefix = pattern.path.strip_suffix(b"/").unwrap_or(&pattern.path);
    let rest = url.path.strip_prefix(prefix)?;
    (same && (rest.is_empty() || rest.starts_with(b"/"))).then_some(prefix.len())
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_pattern_covers_whole_path_components() {
        let covers = |pattern: &str, url: &str| {
            matches(
                &gix::url::parse(pattern).unwrap(),
                &gix::url::parse(url).unwrap(),
            )
        };
        assert_eq!(covers("https://h/", "https://h/a/b"), Some(0));
        assert_eq!(covers("https://h/a", "https://h/a/b"), Some(2));
        assert_eq!(covers("https://h/a", "https://h/ab"), None);
        assert_eq!(covers("https://h:444/", "https://h/a"), None);
        assert_eq!(covers("https://h:443/", "https://h/a"), Some(0));
        assert_eq!(covers("http://h/", "https://h/a"), None);
        assert_eq!(covers("https://other/", "https://h/a"), None);
    }
}
