//! The engine operations that a migration step may use.

use migrations::{Cause, Entry, Raw};

use super::engine::Engine;

impl Raw for Engine {
    fn trees(&self) -> Result<Vec<String>, Cause> {
        Ok(self.table_names())
    }

    fn get(&self, tree: &str, key: &[u8]) -> Result<Option<Vec<u8>>, Cause> {
        Ok(self.table(tree)?.get(key)?)
    }

    fn insert(&self, tree: &str, key: &[u8], value: &[u8]) -> Result<(), Cause> {
        Ok(self.table(tree)?.put(key, value)?)
    }

    fn remove(&self, tree: &str, key: &[u8]) -> Result<(), Cause> {
        Ok(self.table(tree)?.remove(key)?)
    }

    fn next(&self, tree: &str, after: Option<&[u8]>) -> Result<Option<Entry>, Cause> {
        Ok(self.table(tree)?.next(after)?)
    }

    fn flush(&self) -> Result<(), Cause> {
        Ok(Engine::flush(self)?)
    }
}
