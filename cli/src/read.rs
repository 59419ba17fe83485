//! Reads objects from the API server.

use std::error::Error as _;

use k8s_openapi::NamespaceResourceScope;
use kube::api::{ApiResource, DynamicObject, ListParams, ObjectList, ObjectMeta};
use kube::core::{Resource, Status};
use kube::{Api, Client};

/// Objects a page: an answer stays small, whatever there is.
const PAGE: u32 = 500;

/// What there is to see of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen<T> {
    /// This.
    Found(T),
    /// There is none.
    Missing,
    /// Whoever asks may not know; the API server's sentence.
    Forbidden(String),
}

/// Whose objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Of every namespace, or of a kind without namespaces.
    Everywhere,
    /// Of one namespace.
    Namespace(String),
}

/// The API server cannot tell.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Its CustomResourceDefinition is missing.
    #[error("Isthmus is not installed in this cluster: it serves no {plural}.{group}", group = isthmus_crds::GROUP)]
    NotInstalled {
        /// The kind.
        plural: String,
    },
    /// It answers that it will not.
    #[error("cannot read {plural}: {}", .status.message)]
    Refused {
        /// The kind.
        plural: String,
        /// The answer.
        status: Box<Status>,
    },
    /// There is no answer.
    #[error("cannot read {plural}: {}", sentence(.source))]
    Unreachable {
        /// The kind.
        plural: String,
        /// What became of the request.
        source: Box<kube::Error>,
    },
}

impl<T> Seen<T> {
    /// What was found.
    #[must_use]
    pub fn found(self) -> Option<T> {
        match self {
            Self::Found(found) => Some(found),
            Self::Missing | Self::Forbidden(_) => None,
        }
    }

    /// The same by reference.
    #[must_use]
    pub const fn as_found(&self) -> Option<&T> {
        match self {
            Self::Found(found) => Some(found),
            Self::Missing | Self::Forbidden(_) => None,
        }
    }

    /// The same of what is made of it.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Seen<U> {
        match self {
            Self::Found(found) => Seen::Found(make(found)),
            Self::Missing => Seen::Missing,
            Self::Forbidden(sentence) => Seen::Forbidden(sentence),
        }
    }
}

/// Every object of a kind, of those that `labels` selects (all where empty).
///
/// # Errors
///
/// See [`ReadError`]; that it is forbidden is [`Seen::Forbidden`].
pub async fn list<K, T>(
    client: &Client,
    scope: &Scope,
    labels: &str,
) -> Result<Seen<Vec<T>>, ReadError>
where
    K: Resource<DynamicType = ()>,
    T: From<DynamicObject>,
{
    let api = api::<K>(client, scope);
    let found = pages::<K, DynamicObject>(labels, async |params| api.list(params).await).await?;
    Ok(found.map(|items| items.into_iter().map(T::from).collect()))
}

/// The same of metadata alone.
///
/// # Errors
///
/// As [`list`].
pub async fn list_metadata<K>(
    client: &Client,
    scope: &Scope,
    labels: &str,
) -> Result<Seen<Vec<ObjectMeta>>, ReadError>
where
    K: Resource<DynamicType = ()>,
{
    let api = api::<K>(client, scope);
    let found = pages::<K, _>(labels, async |params| api.list_metadata(params).await).await?;
    Ok(found.map(|items| items.into_iter().map(|item| item.metadata).collect()))
}

async fn pages<K: Resource<DynamicType = ()>, T: Clone>(
    labels: &str,
    fetch: impl AsyncFn(&ListParams) -> kube::Result<ObjectList<T>>,
) -> Result<Seen<Vec<T>>, ReadError> {
    let mut params = ListParams::default().limit(PAGE).labels(labels);
    let mut found = Vec::new();
    loop {
        let page = match fetch(&params).await {
            Ok(page) => page,
            // A page that was asked for too late: all of it at once then.
            Err(kube::Error::Api(status)) if status.code == 410 && params.limit.is_some() => {
                params = ListParams::default().labels(labels);
                found.clear();
                continue;
            }
            Err(error) => return refused::<K, _>(error),
        };
        let next = page.metadata.continue_.filter(|next| !next.is_empty());
        found.extend(page.items);
        match next {
            Some(next) => params = params.continue_token(&next),
            None => return Ok(Seen::Found(found)),
        }
    }
}

/// One object.
///
/// # Errors
///
/// See [`ReadError`]; that it is forbidden or missing is in [`Seen`].
pub async fn get<K, T>(client: &Client, namespace: &str, name: &str) -> Result<Seen<T>, ReadError>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    T: From<DynamicObject>,
{
    let api = api::<K>(client, &Scope::Namespace(namespace.to_owned()));
    match api.get(name).await {
        Ok(object) => Ok(Seen::Found(object.into())),
        Err(kube::Error::Api(status)) if names_an_object(&status) => Ok(Seen::Missing),
        Err(error) => refused::<K, _>(error),
    }
}

/// Whether it is an object that there is none of, and not its kind.
fn names_an_object(status: &Status) -> bool {
    let name = status.details.as_ref().map(|details| &details.name);
    status.code == 404 && name.is_some_and(|name| !name.is_empty())
}

fn api<K: Resource<DynamicType = ()>>(client: &Client, scope: &Scope) -> Api<DynamicObject> {
    let resource = ApiResource::erase::<K>(&());
    match scope {
        Scope::Everywhere => Api::all_with(client.clone(), &resource),
        Scope::Namespace(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
    }
}

fn refused<K: Resource<DynamicType = ()>, T>(error: kube::Error) -> Result<Seen<T>, ReadError> {
    let plural = K::plural(&()).into_owned();
    match error {
        kube::Error::Api(status) => match status.code {
            403 => Ok(Seen::Forbidden(status.message.clone())),
            404 => Err(ReadError::NotInstalled { plural }),
            _ => Err(ReadError::Refused { plural, status }),
        },
        source => Err(ReadError::Unreachable {
            plural,
            source: Box::new(source),
        }),
    }
}

/// An error and its causes, none said twice.
fn sentence(error: &kube::Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !said.contains(&text) {
            said = format!("{said}: {text}");
        }
        cause = error.source();
    }
    said
}
