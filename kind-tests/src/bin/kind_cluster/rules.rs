//! What is Docker's among a table's packet filter rules.

/// Arguments of `iptables -t TABLE` that take Docker's rules and chains off a
/// table, one call each, from what `iptables -t TABLE -S` prints.
///
/// A chain is Docker's by its name, and so is a rule elsewhere that names such a
/// chain.
pub(crate) fn removal(listed: &str) -> Vec<Vec<String>> {
    let mut rules = Vec::new();
    let mut chains = Vec::new();
    for line in listed.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["-N", chain] if is_dockers(chain) => chains.push(chain),
            ["-A", chain, .., "-j", target] if is_dockers(target) && !is_dockers(chain) => {
                let rule = ["-D"].iter().chain(&words[1..]);
                rules.push(rule.map(|word| (*word).to_owned()).collect());
            }
            _ => {}
        }
    }
    // A chain goes when nothing points at it any more.
    for verb in ["-F", "-X"] {
        rules.extend(
            chains
                .iter()
                .map(|chain| vec![verb.into(), (*chain).into()]),
        );
    }
    rules
}

/// The policy of a chain, from the same list.
pub(crate) fn policy<'a>(listed: &'a str, chain: &str) -> Option<&'a str> {
    listed.lines().find_map(|line| {
        line.strip_prefix("-P ")?
            .strip_prefix(chain)?
            .split(' ')
            .nth(1)
    })
}

fn is_dockers(chain: &str) -> bool {
    chain == "DOCKER" || chain.starts_with("DOCKER-") || chain.starts_with("DOCKER_")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILTER: &str = "\
-P INPUT ACCEPT
-P FORWARD DROP
-P OUTPUT ACCEPT
-N DOCKER
-N DOCKER-USER
-N MINE
-A FORWARD -j DOCKER-USER
-A FORWARD -o br-1 -j DOCKER
-A FORWARD -i eth0 -j MINE
-A DOCKER-USER -j RETURN
-A MINE -j ACCEPT
";

    #[test]
    fn dockers_own_goes_and_nothing_else() {
        let calls: Vec<_> = removal(FILTER).iter().map(|call| call.join(" ")).collect();
        let wanted = [
            "-D FORWARD -j DOCKER-USER",
            "-D FORWARD -o br-1 -j DOCKER",
            "-F DOCKER",
            "-F DOCKER-USER",
            "-X DOCKER",
            "-X DOCKER-USER",
        ];
        assert_eq!(calls, wanted);
        assert_eq!(removal("-P INPUT ACCEPT\n"), Vec::<Vec<String>>::new());
    }

    #[test]
    fn a_chain_has_the_policy_that_is_listed() {
        assert_eq!(policy(FILTER, "FORWARD"), Some("DROP"));
        assert_eq!(policy(FILTER, "OUTPUT"), Some("ACCEPT"));
        assert_eq!(policy(FILTER, "PREROUTING"), None);
    }
}
