//! The imports of every file, read from the sources: `use` lines, and paths that are written out. Knows
//! Rust's modules; must not know which imports are allowed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A path of names, without `crate`.
pub type Module = Vec<String>;

/// A crate of the workspace: its name in `use` lines, its sources, and the place of its modules among all
/// others. The program re-exports the other crates' modules, so that everything has one name.
pub struct Crate {
    pub name: &'static str,
    pub sources: PathBuf,
    pub place: Vec<&'static str>,
}

impl Crate {
    fn place(&self) -> Module {
        self.place.iter().map(|&name| name.to_owned()).collect()
    }
}

/// All modules and their imports. Tests are left out, both inside files and as files.
pub struct House {
    crates: Vec<Crate>,
    /// The file of each module, relative to the root of all modules.
    files: BTreeMap<Module, String>,
    /// The place of each module's crate.
    places: BTreeMap<Module, Module>,
    /// The names that a module re-exports, and the paths behind them.
    doors: BTreeMap<(Module, String), Module>,
    /// The names that each module uses, as whole paths, foreign crates included.
    named: BTreeMap<Module, BTreeSet<Module>>,
}

impl House {
    /// Reads all files of these crates.
    pub fn read(crates: Vec<Crate>) -> Self {
        let (mut texts, mut places, mut tests) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        for of in &crates {
            for path in files_under(&of.sources) {
                let relative = path.strip_prefix(&of.sources).unwrap().to_owned();
                let module = [of.place(), module_of(&relative)].concat();
                let text = fs::read_to_string(&path).unwrap();
                // The root modules only list all rooms and hold the program's arguments.
                if module.is_empty() {
                    tests.extend(test_modules(&module, &text));
                    continue;
                }
                let file = of.place.iter().collect::<PathBuf>().join(&relative);
                places.insert(module.clone(), of.place());
                assert!(texts.insert(module, (file, text)).is_none(), "{} is there twice", path.display());
            }
        }
        tests.extend(texts.iter().flat_map(|(module, (_, text))| test_modules(module, text)));
        texts.retain(|module, _| !tests.iter().any(|test| module.starts_with(test)));
        let files =
            texts.iter().map(|(module, (relative, _))| (module.clone(), relative.display().to_string()));
        let files = files.collect();
        let mut house = Self { crates, files, places, doors: BTreeMap::new(), named: BTreeMap::new() };
        for (module, (_, text)) in &texts {
            house.add(module, &code_of(text));
        }
        house
    }

    fn add(&mut self, module: &Module, code: &str) {
        for (public, tree) in uses(code) {
            for path in expand(&tree) {
                let Some(path) = self.absolute(module, &path) else { continue };
                let name = path.last().cloned().unwrap_or_default();
                // All other files find the imports of a crate's first file under its name.
                if public || self.places.get(module) == Some(module) {
                    self.doors.insert((module.clone(), name), path.clone());
                } else {
                    self.named.entry(module.clone()).or_default().insert(path);
                }
            }
        }
        for path in written_out(code) {
            if let Some(path) = self.absolute(module, &path) {
                self.named.entry(module.clone()).or_default().insert(path);
            }
        }
    }

    /// The path from the root of the crate, or from another crate; `None` for names in the file itself.
    fn absolute(&self, module: &Module, path: &Module) -> Option<Module> {
        let root = || vec!["crate".to_owned()];
        match path.first()?.as_str() {
            "crate" => Some([root(), self.places.get(module)?.clone(), path[1..].to_vec()].concat()),
            "super" => {
                let ups = path.iter().take_while(|name| *name == "super").count();
                let above = &module[..module.len().checked_sub(ups)?];
                Some([root(), above.to_vec(), path[ups..].to_vec()].concat())
            }
            "self" => Some([root(), module.clone(), path[1..].to_vec()].concat()),
            first if self.files.contains_key(&[module.as_slice(), &[first.to_owned()]].concat()) => {
                Some([root(), module.clone(), path.clone()].concat())
            }
            first => match self.crates.iter().find(|of| of.name == first) {
                Some(of) => Some([root(), of.place(), path[1..].to_vec()].concat()),
                None => first.starts_with(char::is_lowercase).then(|| path.clone()),
            },
        }
    }

    /// The files that each file imports.
    pub fn arrows(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut arrows = BTreeMap::new();
        for (module, file) in &self.files {
            let named = self.named.get(module).into_iter().flatten();
            let others = named.filter_map(|path| self.file_of(path, 0)).filter(|to| to != file);
            let to = others.collect();
            arrows.insert(file.clone(), to);
        }
        arrows
    }

    /// The names of other crates that each file uses, as paths.
    pub fn foreign(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut foreign = BTreeMap::new();
        for (module, file) in &self.files {
            let named = self.named.get(module).into_iter().flatten();
            let own = |path: &&Module| path.first().is_some_and(|root| root == "crate");
            let paths = named.filter(|path| !own(path)).map(|path| path.join("::")).collect();
            foreign.insert(file.clone(), paths);
        }
        foreign
    }

    /// The file that defines a path. Re-exports are followed.
    fn file_of(&self, path: &[String], doors: usize) -> Option<String> {
        let path = path.strip_prefix(&["crate".to_owned()])?;
        let (mut module, mut rest) = (path.to_vec(), Vec::new());
        while !self.files.contains_key(&module) {
            rest.insert(0, module.pop()?);
        }
        let door = rest.first().and_then(|name| self.doors.get(&(module.clone(), name.clone())));
        if let Some(beyond) = door.filter(|_| doors < 8) {
            return self.file_of(beyond, doors + 1);
        }
        self.files.get(&module).cloned()
    }
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_under(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn module_of(relative: &Path) -> Module {
    let mut module: Module =
        relative.with_extension("").iter().map(|name| name.to_string_lossy().into_owned()).collect();
    if module.last().is_some_and(|name| ["mod", "lib", "main"].contains(&name.as_str())) {
        module.pop();
    }
    module
}

/// The modules that exist only in tests.
fn test_modules(module: &Module, text: &str) -> Vec<Module> {
    let mut tests = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        if line != "#[cfg(test)]" {
            continue;
        }
        let declared = lines.next().and_then(|line| line.split("mod ").nth(1)?.strip_suffix(';'));
        tests.extend(declared.map(|name| [module.as_slice(), &[name.to_owned()]].concat()));
    }
    tests
}

/// A file without its tests and comments.
fn code_of(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text);
    let line = |line: &str| line.split("//").next().unwrap_or(line).to_owned();
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Every `use`: whether it is public, and its tree.
fn uses(code: &str) -> Vec<(bool, String)> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find("use ") {
        let before = rest[..at].rsplit(['\n', ';', '{', '}']).next().unwrap_or_default().trim();
        rest = &rest[at + 4..];
        let Some(end) = rest.find(';') else { break };
        if before.is_empty() || before.starts_with("pub") {
            found.push((
                before.starts_with("pub"),
                rest[..end].split_whitespace().collect::<Vec<_>>().join(" "),
            ));
            rest = &rest[end..];
        }
    }
    found
}

/// `a::{b, c::{self, d}}` as `a::b`, `a::c`, `a::c::d`.
fn expand(tree: &str) -> Vec<Module> {
    let tree = tree.split(" as ").next().unwrap_or(tree).trim();
    let Some(open) = tree.find('{') else {
        let names = tree.split("::").map(|name| name.trim().to_owned());
        return vec![names.filter(|name| name != "self" && !name.is_empty()).collect()];
    };
    let prefix: Module =
        tree[..open].split("::").map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    let inner = &tree[open + 1..tree.rfind('}').unwrap_or(tree.len())];
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for c in inner.chars() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if c == ',' && depth == 0 {
            parts.push(String::new());
        } else {
            parts.last_mut().unwrap().push(c);
        }
    }
    let parts = parts.iter().filter(|part| !part.trim().is_empty());
    parts.flat_map(|part| expand(part)).map(|rest| [prefix.clone(), rest].concat()).collect()
}

/// Paths outside `use` lines that begin with `crate`, `super` or the name of a crate.
fn written_out(code: &str) -> Vec<Module> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for start in
        ["crate::", "super::", "std::", "tokio::", "offhook_core::", "offhook_files::", "offhook_llm::"]
    {
        for (at, _) in code.match_indices(start) {
            if code[..at].ends_with(|c: char| is_name(c) || c == ':') {
                continue;
            }
            let end = code[at..].find(|c: char| !is_name(c) && c != ':').map_or(code.len(), |end| at + end);
            let names = code[at..end].split("::").filter(|name| !name.is_empty());
            found.push(names.map(str::to_owned).collect());
        }
    }
    found
}
