//! From what was read to a picture with few boxes and few edges.

use std::collections::{BTreeMap, BTreeSet};

use super::read::{Read, ReadNode};

/// What is drawn.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Picture {
    pub(super) nodes: BTreeMap<String, Drawn>,
    /// By the nodes' names, without what follows from others.
    pub(super) edges: BTreeSet<(String, String)>,
}

/// One box.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Drawn {
    /// What is written on it, without its path.
    pub(super) title: String,
    pub(super) kind: Kind,
    /// The set in whose box it is drawn.
    pub(super) within: Option<String>,
    /// Sets that it is the only one in.
    pub(super) alone_in: BTreeSet<String>,
}

/// What is drawn as a box.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A system of the suite.
    #[default]
    Ours,
    /// Another's system, or one whose path is not known.
    Others,
    /// A set.
    Set,
}

/// Gives the nodes names that do not depend on keys, and leaves out sets with one member or none.
pub(super) fn settle(read: Read, is_ours: fn(&str) -> bool) -> Picture {
    let mut members: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for node in &read.nodes {
        if let Some(set) = &node.within {
            members.entry(set).or_default().push(&node.name);
        }
    }
    for (system, set) in &read.also_in {
        members.entry(set).or_default().push(system);
    }
    let only_member = |set: &str| members.get(set).filter(|all| all.len() == 1).map(|all| all[0]);
    let by_name: BTreeMap<&str, &ReadNode> = read.nodes.iter().map(|node| (node.name.as_str(), node)).collect();
    // A set of one stands for its member, except where the member is itself a box in a box.
    let stands_for = |name: &str| match only_member(name).filter(|_| by_name.get(name).is_some_and(|it| it.is_set)) {
        Some(member) if by_name.get(member).is_some_and(|it| !it.is_set) => member.to_owned(),
        _ => name.to_owned(),
    };

    let names = names(&read);
    let name_of = |key: &str| names.get(&stands_for(key)).cloned().unwrap_or_else(|| key.to_owned());
    let mut picture = Picture::default();
    for node in &read.nodes {
        if stands_for(&node.name) == node.name {
            let drawn = drawn(node, &read, is_ours, stands_for, &by_name, name_of);
            picture.nodes.insert(name_of(&node.name), drawn);
        }
    }
    for edge in &read.edges {
        let ends = [0, 1].map(|end| name_of(&edge.ends[end]));
        for (end, told) in ends.iter().zip(&edge.names) {
            // Only named by the edge: another's system.
            picture.nodes.entry(end.clone()).or_insert_with(|| Drawn {
                title: short(told),
                kind: Kind::Others,
                ..Drawn::default()
            });
        }
        let [from, to] = ends;
        picture.edges.insert((from, to));
    }
    picture.edges.retain(|(from, to)| from != to);
    reduce(&mut picture);
    drop_strangers(&mut picture);
    picture
}

fn drawn(
    node: &ReadNode,
    read: &Read,
    is_ours: fn(&str) -> bool,
    stands_for: impl Fn(&str) -> String,
    by_name: &BTreeMap<&str, &ReadNode>,
    name_of: impl Fn(&str) -> String,
) -> Drawn {
    let also = read.also_in.iter().filter(|(system, _)| *system == node.name).map(|(_, set)| set);
    let sets: Vec<&String> = node.within.iter().chain(also).collect();
    let (mut within, mut alone_in) = (None, BTreeSet::new());
    for set in sets {
        if stands_for(set) == *set {
            // The first box that holds others, too.
            within = within.or_else(|| Some(name_of(set)));
        } else if let Some(set) = by_name.get(set.as_str()) {
            alone_in.insert(set.label.clone());
        }
    }
    // A set of one that is left out may lie in another.
    if within.is_none() {
        let outer = node.within.as_deref().filter(|set| stands_for(set) != **set);
        within = outer.and_then(|set| by_name.get(set)?.within.as_deref()).map(&name_of);
    }
    let kind = match node.is_set {
        true => Kind::Set,
        false if is_ours(&node.path) => Kind::Ours,
        false => Kind::Others,
    };
    let title = node.label.lines().next().unwrap_or_default().trim_end_matches("::{{closure}}").to_owned();
    Drawn { title, kind, within, alone_in }
}

/// Names by key: a system's path, `set` and a set's label; with a number where that is not enough.
fn names(read: &Read) -> BTreeMap<String, String> {
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    let mut names = BTreeMap::new();
    let mut name = |key: &str, wanted: String| {
        if names.contains_key(key) {
            return;
        }
        let count = taken.entry(wanted.clone()).or_default();
        *count += 1;
        names.insert(key.to_owned(), if *count == 1 { wanted } else { format!("{wanted} {count}") });
    };
    for node in &read.nodes {
        let wanted = if node.is_set { format!("set {}", node.label) } else { node.path.clone() };
        name(&node.name, wanted);
    }
    for edge in &read.edges {
        for (key, told) in edge.ends.iter().zip(&edge.names) {
            name(key, path(told).to_owned());
        }
    }
    names
}

/// `SystemTypeSet:a::b` as `a::b`.
fn path(told: &str) -> &str {
    told.strip_prefix("SystemTypeSet:").unwrap_or(told)
}

/// Every path in it cut to its last step: `a::b<c::D>` as `b<D>`.
fn short(told: &str) -> String {
    let mut out = String::new();
    let mut step = String::new();
    for letter in path(told).trim_end_matches("::{{closure}}").chars() {
        match letter {
            ':' => step.clear(),
            letter if letter.is_alphanumeric() || letter == '_' => step.push(letter),
            other => {
                out.push_str(&std::mem::take(&mut step));
                out.push(other);
            }
        }
    }
    out + &step
}

/// Takes out each edge beside which there is a longer way.
fn reduce(picture: &mut Picture) {
    for edge in picture.edges.clone() {
        picture.edges.remove(&edge);
        let (from, to) = &edge;
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(node) = open.pop() {
            open.extend(
                picture.edges.iter().filter(|(from, _)| from == node).map(|(_, to)| to).filter(|to| seen.insert(*to)),
            );
        }
        if !seen.contains(to) {
            picture.edges.insert(edge);
        }
    }
}

/// Takes out others' systems and sets that neither touch what is ours nor lie between.
fn drop_strangers(picture: &mut Picture) {
    let mut ours: BTreeSet<String> = BTreeSet::new();
    for (name, _) in picture.nodes.iter().filter(|(_, node)| node.kind == Kind::Ours) {
        // With the sets that hold it.
        let mut next = Some(name);
        while let Some(name) = next.filter(|name| ours.insert((*name).clone())) {
            next = picture.nodes.get(name).and_then(|node| node.within.as_ref());
        }
    }
    let reached = |from: fn(&(String, String)) -> (&String, &String)| {
        let mut reached: BTreeSet<&String> = BTreeSet::new();
        let mut open: Vec<&String> = ours.iter().collect();
        while let Some(node) = open.pop() {
            let next = picture.edges.iter().map(from).filter(|(one, _)| *one == node);
            open.extend(next.map(|(_, other)| other).filter(|other| reached.insert(other)));
        }
        reached
    };
    let after = reached(|(from, to)| (from, to));
    let before = reached(|(from, to)| (to, from));
    let touches = picture.edges.iter().filter(|(from, to)| ours.contains(from) || ours.contains(to));
    let touches: BTreeSet<&String> = touches.flat_map(|(from, to)| [from, to]).collect();
    let is_kept = |name: &String| {
        ours.contains(name) || touches.contains(name) || (after.contains(name) && before.contains(name))
    };
    let kept: BTreeSet<String> = picture.nodes.keys().filter(|name| is_kept(name)).cloned().collect();
    picture.nodes.retain(|name, _| kept.contains(name));
    picture.edges.retain(|(from, to)| kept.contains(from) && kept.contains(to));
    // What was drawn in a box that has gone lies in none.
    picture.nodes.values_mut().for_each(|node| node.within = node.within.take().filter(|set| kept.contains(set)));
}

#[cfg(test)]
mod tests {
    use super::super::read::ReadEdge;
    use super::*;

    fn node(name: &str, label: &str, path: &str, within: Option<&str>) -> ReadNode {
        ReadNode {
            name: name.into(),
            is_set: name.starts_with("Set"),
            label: label.into(),
            path: path.into(),
            within: within.map(str::to_owned),
        }
    }

    fn edge(from: &str, to: &str, names: [&str; 2]) -> ReadEdge {
        ReadEdge { ends: [from.into(), to.into()], names: names.map(str::to_owned) }
    }

    fn is_ours(path: &str) -> bool {
        path.starts_with("ours")
    }

    /// Two stages in one set; each also makes a product, which is a set of its own.
    fn read() -> Read {
        Read {
            nodes: vec![
                node("Set(1)", "Stages", "", None),
                node("Set(2)", "Makes(\"luma\")", "", None),
                node("Set(3)", "Makes(\"flow\")", "", None),
                node("Set(4)", "Nobody", "", None),
                node("Set(5)", "Near", "", None),
                node("Set(6)", "Far", "", None),
                node("System(7)", "luma\nIn multiple sets, Stages", "ours::luma", None),
                node("System(8)", "flow", "ours::flow", None),
            ],
            edges: vec![
                edge("Set(2)", "System(8)", ["Makes(\"luma\")", "flow"]),
                edge("System(9)", "System(7)", ["SystemTypeSet:bevy::driver", "luma"]),
                edge("System(9)", "System(8)", ["SystemTypeSet:bevy::driver", "flow"]),
                edge("System(8)", "Set(5)", ["flow", "Near"]),
                edge("Set(5)", "Set(6)", ["Near", "Far"]),
            ],
            also_in: [(7, 1), (7, 2), (8, 1), (8, 3)]
                .map(|(system, set)| (format!("System({system})"), format!("Set({set})")))
                .into(),
        }
    }

    #[test]
    fn a_set_of_one_stands_for_its_member_and_edges_that_follow_are_gone() {
        let picture = settle(read(), is_ours);
        let edges: Vec<_> = picture.edges.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
        assert_eq!(edges, [("bevy::driver", "ours::luma"), ("ours::flow", "set Near"), ("ours::luma", "ours::flow")]);
        let names: Vec<_> = picture.nodes.keys().map(String::as_str).collect();
        assert_eq!(names, ["bevy::driver", "ours::flow", "ours::luma", "set Near", "set Stages"]);
        let luma = &picture.nodes["ours::luma"];
        assert_eq!((luma.title.as_str(), luma.within.as_deref(), luma.kind), ("luma", Some("set Stages"), Kind::Ours));
        assert_eq!(luma.alone_in, BTreeSet::from(["Makes(\"luma\")".to_owned()]));
        assert_eq!(
            (picture.nodes["bevy::driver"].title.as_str(), picture.nodes["bevy::driver"].kind),
            ("driver", Kind::Others)
        );
    }

    #[test]
    fn every_path_in_a_name_is_cut() {
        assert_eq!(short("SystemTypeSet:a::prepare<b::Option<c::d::Image>, u8>"), "prepare<Option<Image>, u8>");
        assert_eq!(short("plain"), "plain");
    }

    #[test]
    fn keys_do_not_matter() {
        let mut moved = read();
        let rename = |name: &mut String| *name = name.replace('(', "(1");
        for node in &mut moved.nodes {
            rename(&mut node.name);
            node.within.iter_mut().for_each(rename);
        }
        moved.edges.iter_mut().flat_map(|edge| &mut edge.ends).for_each(rename);
        moved.also_in.iter_mut().for_each(|(system, set)| {
            rename(system);
            rename(set);
        });
        assert_eq!(settle(moved, is_ours), settle(read(), is_ours));
    }
}
