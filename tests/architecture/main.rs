//! Checks the layers of the workspace: a module imports only from lower layers.

mod advice;
mod layers;
mod prose;
mod size;
mod source;
