//! What `helm install` says on a cluster that cannot take Isthmus; run before
//! anything of it is there.

mod definitions;
