//! `tlslab audit recipes`: CMD lines for well-known clients.

use clap::Args;

use crate::cmd::{Failure, Result, Ui};

/// Print CMD lines for well-known clients
#[derive(Debug, Args)]
pub(super) struct Recipes {
    /// One of them
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

/// How a well-known client is put to an audit.
struct Recipe {
    name: &'static str,
    /// What to know of it.
    about: &'static str,
    /// What builds it, from tlslab's own folder; nothing where it is there.
    build: &'static str,
    /// What says which version it is.
    version: &'static str,
    /// Options of `audit client`, CMD and all.
    words: &'static str,
}

#[rustfmt::skip] // a line each, as it is typed
const RECIPES: &[Recipe] = &[
    Recipe {
        name: "curl",
        about: "curl with the trusted certificate in place of its own",
        build: "",
        version: "curl --version",
        words: "-- curl -sS --cacert {ca} --resolve {name}:{port}:{host} -d {message} {url}",
    },
    Recipe {
        name: "gnutls-cli",
        about: "GnuTLS' client",
        build: "",
        version: "gnutls-cli --version",
        words: "--stdin {message} -- gnutls-cli --x509cafile {ca} --verify-hostname {name} --sni-hostname {name} --port {port} {host}",
    },
    Recipe {
        name: "go",
        about: "Go's net/http",
        build: "go build -o http examples/clients/http.go",
        version: "go version",
        words: "-- ./http {host}:{port} {name} {ca} {message}",
    },
    Recipe {
        name: "httpx",
        about: "Python's httpx, its resolver told the address",
        build: "",
        version: "python3 -c 'import httpx,ssl; print(httpx.__version__, ssl.OPENSSL_VERSION)'",
        words: r#"-- python3 -c 'import httpx,socket,ssl,sys; h,p,n,c,m=sys.argv[1:]; ask=socket.getaddrinfo; socket.getaddrinfo=lambda name,*more,**other: ask(h if name==n else name,*more,**other); httpx.post(f"https://{{n}}:{{p}}/",content=m,verify=ssl.create_default_context(cafile=c))' {host} {port} {name} {ca} {message}"#,
    },
    Recipe {
        name: "java-http",
        about: "Java's HttpClient",
        build: "javac -d . examples/clients/Client.java",
        version: "java --version",
        words: r#"--cwd . -- sh -c 'echo "$1 $3" >"$HOME/hosts"; exec java -XX:TieredStopAtLevel=1 -Djdk.net.hosts.file="$HOME/hosts" -cp . Client http "$@"' sh {host} {port} {name} {ca} {message}"#,
    },
    Recipe {
        name: "java-socket",
        about: "Java's SSLSocket, told to check the name",
        build: "javac -d . examples/clients/Client.java",
        version: "java --version",
        words: "--cwd . -- java -XX:TieredStopAtLevel=1 -cp . Client socket {host} {port} {name} {ca} {message}",
    },
    Recipe {
        name: "java-socket-bare",
        about: "Java's SSLSocket as most people use it, which checks no name",
        build: "javac -d . examples/clients/Client.java",
        version: "java --version",
        words: "--cwd . -- java -XX:TieredStopAtLevel=1 -cp . Client bare {host} {port} {name} {ca} {message}",
    },
    Recipe {
        name: "nginx",
        about: "nginx as the client of an upstream, asked by curl",
        build: "",
        version: "nginx -v",
        words: r#"-- sh -c 'cd "$HOME"; echo "daemon off; pid n.pid; error_log stderr; events {{}} http {{ access_log off; server {{ listen unix:$HOME/n.sock; location / {{ proxy_pass https://$1:$2; proxy_ssl_verify on; proxy_ssl_verify_depth 9; proxy_ssl_trusted_certificate $4; proxy_ssl_name $3; proxy_ssl_server_name on; proxy_ssl_session_reuse off; }} }} }}" >n.conf; nginx -p . -c n.conf & while [ ! -S n.sock ]; do sleep 0.01; done; curl -sSf --unix-socket n.sock -d "$5" http://$3/; status=$?; kill $!; wait; exit $status' sh {host} {port} {name} {ca} {message}"#,
    },
    Recipe {
        name: "node-https",
        about: "Node's https module",
        build: "",
        version: "node --version",
        words: r#"-- node -e 'const [h,p,n,c,m]=process.argv.slice(1);const r=require("https").request({{host:h,port:p,servername:n,headers:{{host:n}},method:"POST",ca:require("fs").readFileSync(c)}},a=>{{a.on("aborted",()=>process.exit(1));a.pipe(process.stdout)}});r.on("error",e=>{{console.error(e.message);process.exit(1)}});r.end(m)' {host} {port} {name} {ca} {message}"#,
    },
    Recipe {
        name: "node-tls",
        about: "Node's tls module",
        build: "",
        version: "node --version",
        words: r#"-- node -e 'const [h,p,n,c,m]=process.argv.slice(1);const s=require("tls").connect({{host:h,port:p,servername:n,ca:require("fs").readFileSync(c)}},()=>s.end(m+"\n"));s.on("error",e=>{{console.error(e.message);process.exit(1)}});s.resume()' {host} {port} {name} {ca} {message}"#,
    },
    Recipe {
        name: "openssl",
        about: "openssl s_client, done right",
        build: "",
        version: "openssl version",
        words: "--stdin {message} -- openssl s_client -quiet -no_ign_eof -verify_return_error -CAfile {ca} -verify_hostname {name} -servername {name} -connect {host}:{port}",
    },
    Recipe {
        name: "openssl-bare",
        about: "openssl s_client as most people use it, which verifies nothing",
        build: "",
        version: "openssl version",
        words: "--stdin {message} -- openssl s_client -quiet -no_ign_eof -servername {name} -connect {host}:{port}",
    },
    Recipe {
        name: "python-lab",
        about: "Python's ssl as the lab sheet asks: one CN, and the name",
        build: "",
        version: "python3 -c 'import ssl,sys; print(sys.version.split()[0], ssl.OPENSSL_VERSION)'",
        words: "--cwd . -- python3 examples/clients/right.py {host} {port} {name} {ca} {message}",
    },
    Recipe {
        name: "python-ssl",
        about: "Python's ssl with its default context",
        build: "",
        version: "python3 -c 'import ssl,sys; print(sys.version.split()[0], ssl.OPENSSL_VERSION)'",
        words: r#"-- python3 -c 'import socket,ssl,sys; h,p,n,c,m=sys.argv[1:]; s=ssl.create_default_context(cafile=c).wrap_socket(socket.create_connection((h,int(p))),server_hostname=n); s.sendall(m.encode()+b"\n"); s.recv(99)' {host} {port} {name} {ca} {message}"#,
    },
    Recipe {
        name: "requests",
        about: "Python's requests, which needs the name in /etc/hosts or --name 127.0.0.1",
        build: "",
        version: "python3 -c 'import requests,ssl; print(requests.__version__, ssl.OPENSSL_VERSION)'",
        words: "--name 127.0.0.1 -- python3 -c 'import requests,sys; print(requests.post(sys.argv[1],data=sys.argv[3],verify=sys.argv[2]).text)' {url} {ca} {message}",
    },
    Recipe {
        name: "rustls",
        about: "rustls as it comes, with its verifier over rustls-webpki",
        build: "cargo build --locked --quiet --example rustls",
        version: "grep -A1 '^name = \"rustls\"$' Cargo.lock | grep version",
        words: "--cwd . -- target/debug/examples/rustls {host}:{port} {name} {ca} {message}",
    },
    Recipe {
        name: "socat",
        about: "socat",
        build: "",
        version: "socat -V",
        words: "--stdin {message} -- socat -t 2 - OPENSSL:{host}:{port},cafile={ca},commonname={name},snihost={name},shut-none",
    },
    Recipe {
        name: "stunnel",
        about: "stunnel as a client, between its own stdin and stdout",
        build: "",
        version: "stunnel -version",
        words: r#"--stdin {message} -- sh -c 'printf "foreground = quiet\nsyslog = no\nclient = yes\nconnect = %s:%s\nCAfile = %s\nverifyChain = yes\ncheckHost = %s\nsni = %s\n" "$1" "$2" "$4" "$3" "$3" >"$HOME/c"; exec stunnel "$HOME/c"' sh {host} {port} {name} {ca}"#,
    },
    Recipe {
        name: "tlslab",
        about: "tlslab connect by the lab's policy",
        build: "",
        version: "tlslab --version",
        words: "-- tlslab connect {host}:{port} --ca {ca} --cn {name} --message {message}",
    },
    Recipe {
        name: "tlslab-webpki",
        about: "tlslab connect by the browsers' policy",
        build: "",
        version: "tlslab --version",
        words: "-- tlslab connect {host}:{port} --ca {ca} --cn {name} --verify webpki --message {message}",
    },
    Recipe {
        name: "wget",
        about: "wget, which needs the name in /etc/hosts or --name 127.0.0.1",
        build: "",
        version: "wget --version",
        words: "--name 127.0.0.1 -- wget -q -O - -t 1 --ca-certificate={ca} --post-data={message} {url}",
    },
];

impl Recipes {
    pub(super) fn run(&self, ui: &Ui) -> Result<u8> {
        let chosen: Vec<&Recipe> = RECIPES
            .iter()
            .filter(|recipe| self.name.as_ref().is_none_or(|name| name == recipe.name))
            .collect();
        if chosen.is_empty() {
            let names: Vec<_> = RECIPES.iter().map(|recipe| recipe.name).collect();
            let found = tlslab::words::Escaped(self.name.as_deref().unwrap_or_default()).to_string();
            return Err(Failure::usage(format!("no recipe {found}: expected one of {}", names.join(", "))));
        }
        if ui.json() {
            let recipes: Vec<_> = chosen
                .iter()
                .map(|recipe| {
                    serde_json::json!({
                        "name": recipe.name,
                        "about": recipe.about,
                        "build": recipe.build,
                        "version": recipe.version,
                        "command": format!("tlslab audit client {}", recipe.words),
                    })
                })
                .collect();
            ui.print_json(&serde_json::json!({ "recipes": recipes }))?;
            return Ok(0);
        }
        for recipe in chosen {
            ui.print(&format!("# {}: {}", recipe.name, recipe.about))?;
            if !recipe.build.is_empty() {
                ui.print(recipe.build)?;
            }
            ui.print(&format!("tlslab audit client {}\n", recipe.words))?;
        }
        Ok(0)
    }
}
