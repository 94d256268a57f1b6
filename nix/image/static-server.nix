# nginx that serves a folder of files, as a user that is not root: no file but those below /tmp is written, the logs go
# to the standard output and error, and the port is above 1024.
#
#   let
#     server = staticServer {
#       inherit pkgs;
#       root = site;                 # a derivation, e.g. what vite or hugo built
#       fallback = "/index.html";    # an application with its own routes
#     };
#   in
#   pkgs.dockerTools.streamLayeredImage {
#     contents = [ (userFiles { inherit pkgs; }) ];
#     inherit (tmp) extraCommands;             # nginx needs /tmp
#     config = server.config // { User = "65534"; };
#   }
#
# gives `config` (Entrypoint, Cmd, ExposedPorts, StopSignal) and `file`, the configuration of nginx.
# Fails for a port below 1024, which the user could not open, and for paths that nginx would read as something else.
{
  pkgs,
  # The folder that is served.
  root,
  port ? 8080,
  # What is answered instead of 404: a file below root.
  fallback ? null,
}:

let
  fail = message: throw "staticServer: ${message}";

  isPlain = text: builtins.match "[A-Za-z0-9/+._?=-]+" text != null;

  missing = if fallback == null then "=404" else fallback;

  file = pkgs.writeText "nginx.conf" ''
    daemon off;
    worker_processes auto;
    pid /tmp/nginx.pid;
    error_log stderr warn;

    events {
    }

    http {
      include ${pkgs.nginx}/conf/mime.types;
      default_type application/octet-stream;
      access_log /dev/stdout;
      sendfile on;
      server_tokens off;

      client_body_temp_path /tmp/client_body;
      proxy_temp_path /tmp/proxy;
      fastcgi_temp_path /tmp/fastcgi;
      uwsgi_temp_path /tmp/uwsgi;
      scgi_temp_path /tmp/scgi;

      server {
        listen ${toString port};
        root ${root};
        index index.html;

        location / {
          try_files $uri $uri/ ${missing};
        }
      }
    }
  '';
in
assert
  builtins.isInt port && port >= 1024 && port <= 65535
  || fail "the port is a number from 1024 to 65535; it is ${builtins.toJSON port}";
assert isPlain "${root}" || fail "root is a path of letters, digits and `/+._?=-`; it is ${root}";
assert
  fallback == null
  || (isPlain fallback && builtins.substring 0 1 fallback == "/")
  || fail "fallback is a path below root that begins with `/`; it is ${builtins.toJSON fallback}";
{
  inherit file;

  config = {
    Entrypoint = [
      "${pkgs.nginx}/bin/nginx"
      "-e"
      "stderr"
      "-c"
      "${file}"
    ];
    Cmd = [ ];
    ExposedPorts = {
      "${toString port}/tcp" = { };
    };
    # nginx ends its requests first; at SIGTERM it does not.
    StopSignal = "SIGQUIT";
  };
}
