//! Finds the paths that a file of the crate names: `use` trees with their groups and globs, paths in code and types,
//! and paths inside macros. Paths that begin with `self` or `super` are made absolute.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Item, ItemMod, ItemUse, UseTree, Visibility};

/// The path of an item from the crate's root: `["http", "guard"]` for `crate::http::guard`.
pub type Place = Vec<String>;

/// An item that a module re-exports under its own name. The name is `*` if the module re-exports a whole module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReExport {
    pub module: Place,
    pub name: String,
    pub item: Place,
}

#[derive(Debug, Default)]
pub struct Named {
    /// Items of this crate.
    pub items: Vec<Place>,
    /// Paths that begin with the name of another crate, or with a name of the module itself.
    pub foreign: Vec<Place>,
    pub re_exports: Vec<ReExport>,
    /// The lints that the file allows for the whole file.
    pub allows: Vec<String>,
}

/// The paths that the file of `module` names. `root` is the file's name for this crate's root: `crate`, or the crate's
/// name in the binary.
pub fn read(module: &[&str], root: &str, text: &str) -> syn::Result<Named> {
    let file = syn::parse_file(text)?;
    let module = module.iter().map(|name| (*name).to_owned()).collect();
    let mut reader = Reader { root: root.to_owned(), module, named: Named::default() };
    for attribute in &file.attrs {
        if attribute.path().is_ident("allow") {
            attribute.parse_nested_meta(|lint| {
                if lint.path.is_ident("reason") {
                    lint.value()?.parse::<syn::LitStr>()?;
                }
                reader.named.allows.extend(lint.path.segments.iter().map(|segment| segment.ident.to_string()));
                Ok(())
            })?;
        }
    }
    reader.visit_file(&file);
    Ok(reader.named)
}

struct Reader {
    root: String,
    /// The module that is being read; inline modules extend it.
    module: Place,
    named: Named,
}

impl Reader {
    /// The absolute place of a path; None if it begins outside of the crate.
    fn place(&self, path: &[String]) -> Option<Place> {
        let (first, mut rest) = path.split_first()?;
        let mut place = match first.as_str() {
            first if first == self.root => Vec::new(),
            "self" => self.module.clone(),
            "super" => {
                let mut place = self.module.clone();
                place.pop();
                place
            }
            _ => return None,
        };
        while let Some((first, further)) = rest.split_first()
            && first == "super"
        {
            place.pop();
            rest = further;
        }
        place.extend(rest.iter().filter(|name| *name != "self").cloned());
        Some(place)
    }

    fn name(&mut self, path: Place) -> Option<Place> {
        let place = self.place(&path);
        match &place {
            Some(place) => self.named.items.push(place.clone()),
            None => self.named.foreign.push(path),
        }
        place
    }

    fn uses(&mut self, tree: &UseTree, before: &Place, offered: bool) {
        let with = |name: String| before.iter().cloned().chain([name]).collect::<Place>();
        let (path, alias) = match tree {
            UseTree::Path(path) => return self.uses(&path.tree, &with(path.ident.to_string()), offered),
            UseTree::Group(group) => return group.items.iter().for_each(|tree| self.uses(tree, before, offered)),
            UseTree::Name(name) => (with(name.ident.to_string()), name.ident.to_string()),
            UseTree::Rename(rename) => (with(rename.ident.to_string()), rename.rename.to_string()),
            UseTree::Glob(_) => (before.clone(), "*".to_owned()),
        };
        if let Some(item) = self.name(path)
            && offered
        {
            self.named.re_exports.push(ReExport { module: self.module.clone(), name: alias, item });
        }
    }

    /// The paths in the tokens of a macro, which have no syntax tree.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path = Place::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.end(&mut path);
                    }
                    path.push(name.to_string());
                    colons = 0;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.end(&mut path);
                    self.tokens(group.stream());
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => self.end(&mut path),
            }
        }
        self.end(&mut path);
    }

    fn end(&mut self, path: &mut Place) {
        if path.len() > 1 {
            self.name(std::mem::take(path));
        }
        path.clear();
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        self.module.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let offered = !matches!(item.vis, Visibility::Inherited);
        self.uses(&item.tree, &Place::new(), offered);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.name(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }

    fn visit_item(&mut self, item: &'ast Item) {
        // A path that only tests name is not a dependency of the module.
        let is_test = |attribute: &syn::Attribute| {
            attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Ident>().is_ok_and(|name| name == "test")
        };
        if let Item::Mod(module) = item
            && module.attrs.iter().any(is_test)
        {
            return;
        }
        visit::visit_item(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(text: &str) -> Vec<String> {
        let named = read(&["http", "guard"], "crate", text).unwrap();
        named.items.iter().map(|place| place.join("::")).collect()
    }

    #[test]
    fn nested_groups_renames_and_globs_are_read() {
        assert_eq!(
            items("use crate::{store::{Store, log::{self, Page as P}}, domain::*};"),
            ["store::Store", "store::log", "store::log::Page", "domain"]
        );
    }

    #[test]
    fn paths_relative_to_the_module_are_made_absolute() {
        assert_eq!(
            items("use super::error::ApiError; use super::super::store::Store;"),
            ["http::error::ApiError", "store::Store"]
        );
        assert_eq!(
            items("mod inner { use super::super::App; use self::deep::A; }"),
            ["http::App", "http::guard::inner::deep::A"]
        );
    }

    #[test]
    fn paths_in_code_types_and_macros_are_read() {
        assert_eq!(
            items("fn a(b: crate::store::Store) { crate::domain::c::<crate::host::D>(); }"),
            ["store::Store", "domain::c", "host::D"]
        );
        assert_eq!(items("fn a() { m!(x => { crate::store::open(crate::host::d) }); }"), ["store::open", "host::d"]);
    }

    #[test]
    fn comments_strings_and_tests_are_not_read() {
        assert!(items("/// crate::store::Store\nfn a() { let b = \"crate::store\"; }").is_empty());
        assert!(items("#[cfg(test)] mod tests { use crate::store::Store; }").is_empty());
    }

    #[test]
    fn what_is_offered_further_is_told() {
        let named =
            read(&["http"], "crate", "pub use crate::store::{Store as Shop, log::*}; use crate::host::A;").unwrap();
        let told: Vec<_> =
            named.re_exports.iter().map(|offer| format!("{} {}", offer.name, offer.item.join("::"))).collect();
        assert_eq!(told, ["Shop store::Store", "* store::log"]);
    }
}
