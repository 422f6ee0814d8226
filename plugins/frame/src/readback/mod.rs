//! What comes back from the GPU.

mod collect;
mod results;
mod ring;
mod section;

pub(crate) use collect::{collect_results, poll_device};
pub use results::{ResultRing, ResultTicket};
pub(crate) use ring::{ReadbackRing, Ticket};
pub use section::{Decode, MetadataLayout, MetadataSection};
