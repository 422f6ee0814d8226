//! `{{name}}`: say in one line what it makes of what.
//!
//! The seven questions:
//!
//! 1. Which resources does it use? (to fill in)
//! 2. Where does it pass a handle instead of a copy? (to fill in)
//! 3. What comes from a pool, and what is allocated? (to fill in)
//! 4. What can block? (to fill in)
//! 5. How does its priority adapt? (to fill in)
//! 6. Is its result attached to the frame, or returned? (to fill in)
//! 7. What is its bottleneck? (to fill in)

mod dispatch;
mod pipeline;
mod prepare;
#[cfg(test)]
mod tests;

pub use pipeline::{{Name}};
