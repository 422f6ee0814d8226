//! Tests across plugins, headless, in one program: linking Bevy is dear.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod budget;
mod convert;
mod demand;
mod faults;
mod flow;
mod graphs;
mod layers;
mod motion;
mod nets;
mod priorities;
mod reading;
mod scenes;
mod shaders;
mod support;
mod targets;
mod thoughts;

#[global_allocator]
static ALLOCATOR: bevy_freshet::ledger::CountingAllocator = bevy_freshet::ledger::CountingAllocator;
