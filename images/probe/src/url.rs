//! The URLs that can be asked. Pure.

use std::str::FromStr;

/// `http://HOST:PORT/PATH`; nothing else is needed inside a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    /// Host and port, for a resolver.
    pub(crate) authority: String,
    /// From the slash on.
    pub(crate) path: String,
}

/// Not such a URL.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no URL such as http://isthmus-operator:9465/readyz")]
pub(crate) struct UrlError(String);

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let parts = text
            .strip_prefix("http://")
            .and_then(|rest| rest.split_once('/'));
        let Some((authority, path)) = parts else {
            return Err(UrlError(text.to_owned()));
        };
        let port = authority
            .rsplit_once(':')
            .map(|(_, port)| port.parse::<u16>());
        match port {
            Some(Ok(_)) if !text.contains(char::is_whitespace) => Ok(Self {
                authority: authority.to_owned(),
                path: format!("/{path}"),
            }),
            _ => Err(UrlError(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_host_port_and_path() {
        let url: Url = "http://operator.system:9465/readyz".parse().unwrap();
        assert_eq!(url.authority, "operator.system:9465");
        assert_eq!(url.path, "/readyz");
        assert!("http://[::1]:80/".parse::<Url>().is_ok());
    }

    #[test]
    fn what_could_not_be_asked_is_refused() {
        for text in [
            "",
            "https://a:1/",
            "http://a/",
            "http://a:1",
            "http://a:x/",
            "http://a:1/ HTTP",
        ] {
            let said = text.parse::<Url>().unwrap_err().to_string();
            assert!(said.contains("no URL such as"), "{text}");
        }
    }
}
