//! Keeps the floors of the workspace: a module imports from those below it, never from above.

mod layers;
mod size;
mod source;
