//! What becomes of an object, and why.

use std::fmt;

/// What became of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// In force. The note, where there is one, says what about it has no
    /// effect.
    Accepted(Option<Box<Explanation>>),
    /// Not in force until something else is there: a peering's other half.
    Waiting(Box<Explanation>),
    /// Not in force.
    Rejected(Box<Explanation>),
}

/// A reason and its sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// For programs.
    pub reason: Reason,
    /// For people: names the field and the other object.
    pub message: String,
    /// The same without what is another namespace's own affair, where
    /// `message` has such.
    pub(crate) discreet: Option<Box<str>>,
}

impl Verdict {
    pub(crate) const ACCEPTED: Self = Self::Accepted(None);

    /// Whether the object is in force.
    #[must_use]
    pub const fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted(_))
    }

    /// Whether the object is refused (and not merely waiting).
    #[must_use]
    pub const fn is_rejected(&self) -> bool {
        matches!(self, Self::Rejected(_))
    }

    /// `Accepted`, `Waiting` or `Rejected`.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "Accepted",
            Self::Waiting(_) => "Waiting",
            Self::Rejected(_) => "Rejected",
        }
    }

    /// Why; `None` where there is nothing to say about an accepted object.
    #[must_use]
    pub fn explanation(&self) -> Option<&Explanation> {
        match self {
            Self::Accepted(note) => note.as_deref(),
            Self::Waiting(explanation) | Self::Rejected(explanation) => Some(explanation),
        }
    }

    /// The reason; `None` as with [`Self::explanation`].
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        self.explanation().map(|explanation| explanation.reason)
    }
}

impl Explanation {
    pub(crate) fn new(reason: Reason, message: String) -> Box<Self> {
        Box::new(Self {
            reason,
            message,
            discreet: None,
        })
    }

    /// With a sentence that does not tell of another namespace's objects.
    pub(crate) fn discreetly(mut self: Box<Self>, sentence: String) -> Box<Self> {
        self.discreet = Some(sentence.into());
        self
    }

    /// The sentence for those who see the object's own namespace only: of other
    /// namespaces it names nothing that the object does not name itself.
    #[must_use]
    pub fn discreet(&self) -> &str {
        self.discreet.as_deref().unwrap_or(&self.message)
    }
}

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// Why an object is rejected or waits. The names are stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The reason of a condition.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }
        }
    };
}

reasons! {
    /// A list is empty or longer than allowed.
    SizeLimit,
    /// A VPC's CIDR has no room for gateway and member.
    CidrTooSmall,
    /// A VPC's CIDR has addresses that no packet is routed to.
    CidrNotRoutable,
    /// CIDRs of one VPC, or of two VPCs that want to peer, overlap.
    CidrOverlap,
    /// Another VPC has the VNI.
    VniTaken,
    /// The VPC that is named does not exist.
    VpcNotFound,
    /// The VPC that is named is itself rejected.
    VpcRejected,
    /// An address is not inside the VPC's CIDRs.
    AddressOutsideVpc,
    /// An address is the gateway's own, or a prefix contains it.
    GatewayAddress,
    /// Another member has the address.
    AddressTaken,
    /// An address is inside another member's prefix.
    AddressInsidePrefix,
    /// A member's prefix is not inside the VPC's CIDRs.
    PrefixOutsideVpc,
    /// A member's prefix overlaps what another member has.
    PrefixTaken,
    /// A peering of a VPC with itself.
    SelfPeering,
    /// An older object peers the same two VPCs.
    DuplicatePeering,
    /// An exported prefix is not inside the own VPC's CIDRs.
    ExportNotOwned,
    /// The peer's VPC does not exist.
    PeerNotFound,
    /// The peer's VPC is itself rejected.
    PeerRejected,
    /// The peer's half is missing or not in order.
    WaitingForPeer,
    /// Two peers of one VPC overlap each other.
    SiblingOverlap,
    /// An imported prefix meets nothing that the peer exports (a note: the
    /// peering is accepted).
    ImportNotExported,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
