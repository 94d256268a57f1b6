//! A configuration of nginx, as far as the spec has words for it: a port, a folder, and whether paths without a file get
//! `index.html`.

/// What the spec can say of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub port: u16,
    pub root: String,
    pub spa: bool,
}

/// Takes over what `text` says, and gives back the directives that the spec has no words for.
pub fn read(text: &str, server: &mut Server) -> Vec<String> {
    let mut others = Vec::new();
    let mut blocks: Vec<String> = Vec::new();
    let mut words: Vec<String> = Vec::new();
    for token in tokens(text) {
        match token.as_str() {
            "{" => blocks.push(std::mem::take(&mut words).join(" ")),
            "}" => drop(blocks.pop()),
            ";" => {
                let directive: Vec<&str> = words.iter().map(String::as_str).collect();
                if !takes(&directive, &blocks, server) {
                    let text = format!("`{}`", words.join(" "));
                    if !others.contains(&text) {
                        others.push(text);
                    }
                }
                words.clear();
            }
            _ => words.push(token),
        }
    }
    others
}

/// Whether the directive is one that the spec says, or that nginx does anyway.
fn takes(words: &[&str], blocks: &[String], server: &mut Server) -> bool {
    let location = blocks
        .iter()
        .rev()
        .find_map(|block| block.strip_prefix("location "));
    let is_error_page =
        location.is_some_and(|location| location.trim_start_matches("= ").starts_with("/50x.html"));
    match words {
        ["listen", port, ..] if location.is_none() => {
            let number = port.rsplit(':').next().unwrap_or(port);
            match number.parse() {
                Ok(number) => {
                    server.port = number;
                    words.iter().skip(2).all(|word| *word == "default_server")
                }
                Err(_) => false,
            }
        }
        ["server_name", ..] => true,
        ["root", root] if is_error_page => root.starts_with('/'),
        ["root", root] if matches!(location, None | Some("/")) => {
            server.root = root.trim_matches(['"', '\'']).to_owned();
            true
        }
        ["index", names @ ..] => names
            .iter()
            .all(|name| matches!(*name, "index.html" | "index.htm")),
        [
            "try_files",
            "$uri",
            "$uri/" | "$uri/index.html",
            "/index.html",
        ]
        | ["try_files", "$uri", "/index.html"]
            if location == Some("/") =>
        {
            server.spa = true;
            true
        }
        ["try_files", "$uri", "$uri/", "=404"] => true,
        ["error_page", .., "/50x.html"] => true,
        [
            "worker_processes" | "worker_connections" | "sendfile" | "keepalive_timeout" | "pid"
            | "user" | "tcp_nopush" | "include" | "default_type",
            ..,
        ] => {
            // Of `include` the types of files alone.
            words.first() != Some(&"include")
                || words
                    .last()
                    .is_some_and(|file| file.ends_with("mime.types"))
        }
        ["access_log" | "error_log", to, ..] => matches!(
            *to,
            "/dev/stdout"
                | "/dev/stderr"
                | "/var/log/nginx/access.log"
                | "/var/log/nginx/error.log"
        ),
        ["server_tokens", "off"] => true,
        _ => false,
    }
}

/// Words, braces and semicolons; comments left out.
fn tokens(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut word = String::new();
    let mut chars = text.chars().peekable();
    let mut quote = None;
    while let Some(sign) = chars.next() {
        if let Some(open) = quote {
            word.push(sign);
            if sign == open {
                quote = None;
            }
            continue;
        }
        // A variable may have braces: `${x}`.
        let is_variable = sign == '{' && word.ends_with('$');
        match sign {
            '#' if word.is_empty() => while chars.next_if(|sign| *sign != '\n').is_some() {},
            '"' | '\'' => {
                quote = Some(sign);
                word.push(sign);
            }
            '{' | '}' | ';' if !(is_variable || sign == '}' && word.contains("${")) => {
                if !word.is_empty() {
                    found.push(std::mem::take(&mut word));
                }
                found.push(sign.to_string());
            }
            sign if sign.is_whitespace() => {
                if !word.is_empty() {
                    found.push(std::mem::take(&mut word));
                }
            }
            sign => word.push(sign),
        }
    }
    if !word.is_empty() {
        found.push(word);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> Server {
        Server {
            port: 80,
            root: "/usr/share/nginx/html".to_owned(),
            spa: false,
        }
    }

    #[test]
    fn what_the_spec_says_is_taken_over() {
        let mut found = server();
        let text = "server {\n  listen 3000; # x;\n  listen [::]:3000;\n  server_name _;\n  root /srv;\n  location / {\n    try_files $uri $uri/ /index.html;\n  }\n  error_page 500 /50x.html;\n}\n";
        assert_eq!(read(text, &mut found), Vec::<String>::new());
        let wanted = Server {
            port: 3000,
            root: "/srv".to_owned(),
            spa: true,
        };
        assert_eq!(found, wanted);
        let text = "server { location /api { proxy_pass http://api:1/; } gzip on; gzip on; }";
        assert_eq!(
            read(text, &mut server()),
            ["`proxy_pass http://api:1/`", "`gzip on`"]
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "(?s)[a-z ${};#\"'\n]{0,60}") {
            read(&text, &mut server());
        }
    }
}
