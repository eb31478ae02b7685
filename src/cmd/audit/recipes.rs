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
    /// Options of `audit client`, CMD and all.
    words: &'static str,
}

const RECIPES: &[Recipe] = &[
    Recipe {
        name: "curl",
        about: "curl with the trusted certificate in place of its own",
        words: "-- curl -sS --cacert {ca} --resolve {name}:{port}:{host} -d {message} {url}",
    },
    Recipe {
        name: "gnutls-cli",
        about: "GnuTLS' client",
        words: "--stdin {message} -- gnutls-cli --x509cafile {ca} --verify-hostname {name} --sni-hostname {name} \
                --port {port} {host}",
    },
    Recipe {
        name: "go",
        about: "Go's net/http; build it first: examples/clients/http.go",
        words: "-- ./http {host}:{port} {name} {ca} {message}",
    },
    Recipe {
        name: "httpx",
        about: "Python's httpx, sent to the address under the name",
        words: "-- python3 -c 'import httpx,ssl,sys; h,p,n,c,m=sys.argv[1:]; \
                httpx.post(f\"https://{{h}}:{{p}}/\",content=m,headers={{\"Host\":n}},\
                extensions={{\"sni_hostname\":n}},verify=ssl.create_default_context(cafile=c))' \
                {host} {port} {name} {ca} {message}",
    },
    Recipe {
        name: "node-tls",
        about: "Node's tls module",
        words: "-- node -e 'const [h,p,n,c,m]=process.argv.slice(1);const s=require(\"tls\").connect({{host:h,port:p,\
                servername:n,ca:require(\"fs\").readFileSync(c)}},()=>s.end(m+\"\\n\"));s.on(\"error\",\
                e=>{{console.error(e.message);process.exit(1)}});s.resume()' {host} {port} {name} {ca} {message}",
    },
    Recipe {
        name: "openssl",
        about: "openssl s_client, done right",
        words: "--stdin {message} -- openssl s_client -quiet -no_ign_eof -verify_return_error -CAfile {ca} \
                -verify_hostname {name} -servername {name} -connect {host}:{port}",
    },
    Recipe {
        name: "openssl-bare",
        about: "openssl s_client as most people use it, which verifies nothing",
        words: "--stdin {message} -- openssl s_client -quiet -no_ign_eof -servername {name} -connect {host}:{port}",
    },
    Recipe {
        name: "python-ssl",
        about: "Python's ssl with its default context",
        words: "-- python3 -c 'import socket,ssl,sys; h,p,n,c,m=sys.argv[1:]; \
                s=ssl.create_default_context(cafile=c).wrap_socket(socket.create_connection((h,int(p))),\
                server_hostname=n); s.sendall(m.encode()+b\"\\n\"); s.recv(99)' {host} {port} {name} {ca} {message}",
    },
    Recipe {
        name: "socat",
        about: "socat",
        words: "--stdin {message} -- socat -t 2 - OPENSSL:{host}:{port},cafile={ca},commonname={name},snihost={name}",
    },
    Recipe {
        name: "tlslab",
        about: "tlslab connect by the lab's policy; --verify webpki for the browsers'",
        words: "-- tlslab connect {host}:{port} --ca {ca} --cn {name} --message {message}",
    },
    Recipe {
        name: "wget",
        about: "wget, which needs the name in /etc/hosts or --name 127.0.0.1",
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
                        "command": format!("tlslab audit client {}", recipe.words),
                    })
                })
                .collect();
            ui.print(&serde_json::json!({ "recipes": recipes }).to_string())?;
            return Ok(0);
        }
        for recipe in chosen {
            ui.print(&format!("# {}: {}", recipe.name, recipe.about))?;
            ui.print(&format!("tlslab audit client {}\n", recipe.words))?;
        }
        Ok(0)
    }
}
