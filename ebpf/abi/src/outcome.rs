//! What can become of a frame: one list for the program, the metrics and the
//! command line.

/// Packets and bytes; bytes are those of the whole outer frame without FCS.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counter {
    /// Frames.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
}

/// Number of outcomes: entries of the map `OUTCOMES`.
pub const OUTCOMES: u32 = 3 + DropReason::ALL.len() as u32;

/// What the router did with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Not the router's business: to the host's network stack, untouched.
    Passed,
    /// Rewritten and sent out of the port it came in on.
    Forwarded,
    /// A hypervisor's question whether the gateway lives, sent back as the
    /// answer.
    Answered,
    /// Dropped.
    Dropped(DropReason),
}

impl Outcome {
    /// Index into the map `OUTCOMES`.
    #[inline(always)]
    #[must_use]
    pub const fn index(self) -> u32 {
        match self {
            Self::Passed => 0,
            Self::Forwarded => 1,
            Self::Answered => 2,
            Self::Dropped(reason) => 3 + reason as u32,
        }
    }
}

macro_rules! drop_reasons {
    ($($(#[doc = $doc:literal])+ $variant:ident),+ $(,)?) => {
        /// Why the router dropped a frame that was VXLAN to one of its VTEPs.
        #[repr(u32)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum DropReason { $($(#[doc = $doc])+ $variant),+ }

        impl DropReason {
            /// Every reason, in the order of its index.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Name in metrics and output.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant)),+ }
            }

            /// One sentence for people.
            #[must_use]
            pub const fn description(self) -> &'static str {
                let text = match self { $(Self::$variant => concat!($($doc),+)),+ };
                text.trim_ascii_start()
            }
        }
    };
}

drop_reasons! {
    /// The frame ends before its outer UDP or VXLAN header does, or before the inner headers do.
    Truncated,
    /// Outer IP, UDP and frame lengths contradict each other.
    OuterLength,
    /// The VXLAN header lacks the I flag (RFC 7348, section 5).
    VxlanFlags,
    /// VNI 0, which is no VPC, and no BFD either.
    VniZero,
    /// A BFD packet that a receiver has to discard (RFC 5880, section 6.8.6; RFC 5881, section 5).
    BfdInvalid,
    /// A BFD packet from an address that is no hypervisor's.
    BfdUnknown,
    /// The inner destination MAC is not the gateway's.
    InnerMac,
    /// The inner frame carries neither IPv4 nor IPv6.
    InnerNotIp,
    /// The inner IP header contradicts itself or the frame's length.
    InnerHeader,
    /// No accepted peering leads from this VPC to the inner destination.
    NoRoute,
    /// The destination is in a peered VPC, but no member has it.
    NoMember,
    /// The inner source is no member of this VPC, or lives on another hypervisor than the frame came from.
    SpoofedSource,
    /// The source is a member, but the peering does not export its address.
    SourceNotExported,
    /// The inner TTL or hop limit would reach zero.
    TtlExpired,
    /// The MAC of the next hop towards the member's hypervisor is not known.
    NextHopUnresolved,
    /// The member's hypervisor has a VTEP of the other IP family than the frame came in with.
    UnderlayFamily,
}
