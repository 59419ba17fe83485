//! What to do with a cluster that stands: what README says.

use std::path::{Path, PathBuf};

use isthmus_kind_tests::Cluster;

use crate::places::Places;

const README: &str = include_str!("../../../../README.md");

/// What a shell is told: where kubectl, helm and the plugin are, and the cluster.
pub(crate) fn environment(cluster: &Cluster, file: &Path, programs: &[PathBuf]) -> String {
    let folders = programs.iter().filter_map(|program| program.parent());
    let folders: String = folders
        .map(|folder| format!("{}:", folder.display()))
        .collect();
    format!(
        "export PATH=\"{folders}$PATH\"\n\
         export KUBECONFIG=\"{}\"\n\
         export ISTHMUS_CLUSTER=\"{}\"\n",
        cluster.kubeconfig.display(),
        file.display(),
    )
}

/// README's chapter on it, from where the cluster stands.
pub(crate) fn tour(cluster: &Cluster, places: &Places) -> String {
    let chapter = README.split("### A cluster at hand\n").nth(1);
    let chapter = chapter.and_then(|rest| rest.split("\n## ").next());
    let steps = chapter.and_then(|chapter| chapter.split_once("    make kind-up\n"));
    let steps = steps.map_or("", |(_, steps)| steps);
    let environment = places.environment().display().to_string();
    format!(
        "\nThe cluster stands. README goes on:\n\n{}\nA shell on a node:\n\n    {} sh\n",
        steps.replace("target/kind/isthmus/env", &environment),
        cluster.run_on_node.join(" "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tour_is_that_of_the_readme() {
        let cluster = Cluster {
            kubeconfig: "/k".into(),
            load_image: Vec::new(),
            run_on_node: vec!["enter".to_owned(), "{node}".to_owned()],
            restart_node: Vec::new(),
        };
        let places = Places::of("mine").unwrap();
        let tour = tour(&cluster, &places);
        for part in [
            "kind/mine/env\n",
            "    helm install ",
            "make kind-down",
            "enter {node} sh",
        ] {
            assert!(tour.contains(part), "{part}: {tour}");
        }
        let programs = ["/a/kubectl".into(), "/b/helm".into()];
        let environment = environment(&cluster, Path::new("/c"), &programs);
        assert!(environment.starts_with("export PATH=\"/a:/b:$PATH\"\nexport KUBECONFIG=\"/k\"\n"));
    }
}
