//! What is measured.

/// A size of installation, and how many flows are in rotation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    /// Name in the report.
    pub(crate) name: &'static str,
    /// In words.
    pub(crate) text: &'static str,
    /// VPCs; each is peered with the next, the last with the first.
    pub(crate) vpcs: u32,
    /// Members of a VPC, at most 500.
    pub(crate) members: u32,
    /// Flows in rotation, a power of two.
    pub(crate) flows: u32,
    /// Whether members have IPv6 addresses, else IPv4.
    pub(crate) v6: bool,
    /// Lines of 64 bytes in which the two misses happen.
    pub(crate) lines: u32,
}

/// Everything in cache.
pub(crate) const HOT: Cell = Cell {
    name: "hot",
    text: "1,000 members, 100 peerings, one flow",
    vpcs: 100,
    members: 10,
    flows: 1,
    v6: false,
    lines: COLD.lines,
};

/// Nothing in cache.
const COLD: Cell = Cell {
    name: "cold",
    text: "1,000,000 members, 10,000 peerings, 1,048,576 flows; misses in 64 MiB",
    vpcs: 10_000,
    members: 100,
    flows: 1 << 20,
    v6: false,
    lines: 1 << 20,
};

/// All cells in which programs run alone.
pub(crate) const CELLS: [Cell; 5] = [
    HOT,
    COLD,
    Cell {
        name: "cold-4m",
        text: "4,000,000 members, 10,000 peerings, 1,048,576 flows; misses in 102 MiB, as the table",
        members: 400,
        // Four entries a line, 60 % of them filled.
        lines: 4_000_000 / 4 * 10 / 6,
        ..COLD
    },
    Cell {
        name: "hot-v6",
        text: "as hot, members with IPv6 addresses",
        v6: true,
        ..HOT
    },
    Cell {
        name: "cold-v6",
        text: "as cold, members with IPv6 addresses",
        v6: true,
        ..COLD
    },
];
