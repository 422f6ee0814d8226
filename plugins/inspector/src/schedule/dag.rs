//! Who comes before whom, for a few thousand nodes.

/// For each node the nodes that come after it.
#[derive(Debug, Clone)]
pub(crate) struct Reach {
    nodes: usize,
    /// Words of 64 nodes per row.
    words: usize,
    rows: Vec<u64>,
}

impl Reach {
    /// What can be reached from each node along `edges`. Edges that close a cycle, or that name no node, are left out.
    pub(crate) fn new(nodes: usize, edges: &[(usize, usize)]) -> Self {
        let words = nodes.div_ceil(64);
        let mut reach = Self { nodes, words, rows: vec![0; words * nodes] };
        let order = order(nodes, edges);
        let mut place = vec![0; nodes];
        for (index, &node) in order.iter().enumerate() {
            place[node] = index;
        }
        let next = successors(nodes, edges);
        for &node in order.iter().rev() {
            for &after in next[node].iter().filter(|&&after| place[after] > place[node]) {
                reach.merge(node, after);
                reach.rows[node * words + after / 64] |= 1 << (after % 64);
            }
        }
        reach
    }

    /// Whether `after` comes after `node`.
    #[cfg(test)]
    pub(crate) fn has(&self, node: usize, after: usize) -> bool {
        self.rows[node * self.words + after / 64] >> (after % 64) & 1 == 1
    }

    /// The least edges with the same order among `kept`, as indices into `kept`: the transitive reduction.
    pub(crate) fn reduced(&self, kept: &[usize]) -> Vec<(usize, usize)> {
        let mut mask = vec![0_u64; self.words];
        let mut index = vec![usize::MAX; self.nodes];
        for (at, &node) in kept.iter().enumerate() {
            mask[node / 64] |= 1 << (node % 64);
            index[node] = at;
        }
        let after = |node: usize, word: usize| self.rows[node * self.words + word] & mask[word];
        let mut edges = Vec::new();
        let mut direct = vec![0_u64; self.words];
        for (from, &node) in kept.iter().enumerate() {
            for (word, bits) in direct.iter_mut().enumerate() {
                *bits = after(node, word);
            }
            let all: Vec<usize> = members(&direct).collect();
            for &between in &all {
                for (word, bits) in direct.iter_mut().enumerate() {
                    *bits &= !after(between, word);
                }
            }
            edges.extend(members(&direct).map(|to| (from, index[to])));
        }
        edges
    }

    fn merge(&mut self, into: usize, from: usize) {
        let (into, from) = (into * self.words, from * self.words);
        for word in 0..self.words {
            self.rows[into + word] |= self.rows[from + word];
        }
    }
}

/// The nodes of a set of bits.
fn members(bits: &[u64]) -> impl Iterator<Item = usize> + '_ {
    bits.iter()
        .enumerate()
        .flat_map(|(word, &bits)| (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| word * 64 + bit))
}

/// The nodes that follow each node.
pub(crate) fn successors(nodes: usize, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut next = vec![Vec::new(); nodes];
    for &(from, to) in edges.iter().filter(|&&(from, to)| from.max(to) < nodes && from != to) {
        next[from].push(to);
    }
    next
}

/// All nodes, each after those before it, and in the order of their numbers otherwise. In a cycle the least comes first.
pub(crate) fn order(nodes: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let next = successors(nodes, edges);
    let mut waits_for = vec![0_usize; nodes];
    next.iter().flatten().for_each(|&node| waits_for[node] += 1);
    let mut ready: std::collections::BTreeSet<usize> = (0..nodes).filter(|&node| waits_for[node] == 0).collect();
    let mut taken = vec![false; nodes];
    let mut order = Vec::with_capacity(nodes);
    let mut least = 0;
    while order.len() < nodes {
        let node = ready.pop_first().unwrap_or_else(|| {
            while taken[least] {
                least += 1;
            }
            least
        });
        if std::mem::replace(&mut taken[node], true) {
            continue;
        }
        order.push(node);
        for &after in &next[node] {
            waits_for[after] = waits_for[after].saturating_sub(1);
            if waits_for[after] == 0 && !taken[after] {
                ready.insert(after);
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Graphs whose edges go from lesser to greater numbers.
    fn graphs() -> impl Strategy<Value = (usize, Vec<(usize, usize)>)> {
        (1_usize..90).prop_flat_map(|nodes| {
            let edges = prop::collection::vec((0..nodes, 0..nodes), 0..200);
            edges.prop_map(move |edges| {
                (nodes, edges.into_iter().filter(|(from, to)| from != to).map(|(a, b)| (a.min(b), a.max(b))).collect())
            })
        })
    }

    proptest! {
        #[test]
        fn the_reduction_orders_the_same_nodes_and_no_edge_of_it_can_go(
            (nodes, edges) in graphs(),
            keep in prop::collection::vec(any::<bool>(), 90),
        ) {
            let reach = Reach::new(nodes, &edges);
            let kept: Vec<usize> = (0..nodes).filter(|&node| keep[node]).collect();
            let reduced = reach.reduced(&kept);
            let again = Reach::new(kept.len(), &reduced);
            for (a, &node) in kept.iter().enumerate() {
                for (b, &other) in kept.iter().enumerate() {
                    prop_assert_eq!(again.has(a, b), reach.has(node, other));
                }
            }
            for at in 0..reduced.len() {
                let mut fewer = reduced.clone();
                let (from, to) = fewer.remove(at);
                prop_assert!(!Reach::new(kept.len(), &fewer).has(from, to));
            }
        }

        #[test]
        fn every_node_is_in_the_order_once_after_those_before_it((nodes, edges) in graphs()) {
            let order = order(nodes, &edges);
            let mut sorted = order.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..nodes).collect::<Vec<_>>());
            let place = |node| order.iter().position(|&it| it == node);
            for (from, to) in edges {
                prop_assert!(place(from) < place(to));
            }
        }
    }

    #[test]
    fn a_cycle_is_opened() {
        let edges = [(0, 1), (1, 2), (2, 0), (2, 3), (3, 3), (3, 9)];
        assert_eq!(order(4, &edges), [0, 1, 2, 3]);
        let reach = Reach::new(4, &edges);
        assert!(reach.has(0, 3) && !reach.has(2, 0) && !reach.has(3, 3));
    }
}
