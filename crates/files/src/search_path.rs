//! Finds the files of models: beside the configuration that names them, or in one of the folders where
//! offhook is installed. Knows the names of folders, and nothing about the contents of a model.

use std::path::{Path, PathBuf};

/// The folder that the system's packages install to.
const SYSTEM: &str = "/usr/share/offhook";

/// The folder of cargo's builds. It lies in the checkout, beside the models that ship.
const BUILDS: &str = "target";

/// The folder of models in each of these places.
const MODELS: &str = "models";

/// The variable that names another folder of models: `models/FILE` is looked for there too.
const NAMED_MODELS: &str = "OFFHOOK_MODELS";

/// The folders that are searched for a relative path that does not exist beside the configuration, in order:
/// the program's own, its installation's (`../share/offhook`), its checkout's, the user's and the system's.
#[must_use]
pub fn folders() -> Vec<PathBuf> {
    let program = std::env::current_exe().ok();
    folders_of(program.as_deref(), of_user())
}

/// The user's folder among them.
fn of_user() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    user_of(variable("XDG_DATA_HOME"), variable("HOME"))
}

/// The folder where the user keeps models: the one that is named, or `models` in the user's folder.
#[must_use]
pub fn models_of_user() -> Option<PathBuf> {
    named_models().or_else(|| of_user().map(|user| user.join(MODELS)))
}

/// The folder of models that is named in the environment.
fn named_models() -> Option<PathBuf> {
    std::env::var_os(NAMED_MODELS).map(PathBuf::from).filter(|named| !named.as_os_str().is_empty())
}

fn user_of(data: Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    // The specification of these folders says that relative ones are ignored.
    let data = data.filter(|data| data.is_absolute());
    let data = data.or_else(|| home.filter(|home| home.is_absolute()).map(|home| home.join(".local/share")));
    data.map(|data| data.join("offhook"))
}

fn folders_of(program: Option<&Path>, user: Option<PathBuf>) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    if let Some(folder) = program.and_then(Path::parent) {
        folders.push(folder.to_owned());
        folders.extend(folder.parent().map(|prefix| prefix.join("share/offhook")));
        let builds = folder.ancestors().find(|above| above.ends_with(BUILDS));
        folders.extend(builds.and_then(Path::parent).map(Path::to_owned));
    }
    folders.extend(user);
    folders.push(SYSTEM.into());
    let mut seen = std::collections::BTreeSet::new();
    folders.retain(|folder| seen.insert(folder.clone()));
    folders
}

/// The file that `path` means in a configuration in the folder `base`: beside the configuration, or else
/// where offhook is installed. A file that is found nowhere counts as missing beside the configuration.
#[must_use]
pub fn find(base: &Path, path: &Path) -> PathBuf {
    find_in(base, path, named_models, folders)
}

fn find_in(
    base: &Path,
    path: &Path,
    named: impl Fn() -> Option<PathBuf>,
    folders: impl Fn() -> Vec<PathBuf>,
) -> PathBuf {
    let beside = base.join(path);
    if path.as_os_str().is_empty() || path.is_absolute() || beside.exists() {
        return beside;
    }
    let in_named = path.strip_prefix(MODELS).ok().and_then(|file| Some(named()?.join(file)));
    let installed = folders().into_iter().map(|folder| folder.join(path));
    in_named.into_iter().chain(installed).find(|file| file.is_file()).unwrap_or(beside)
}

/// The remedy for a file that is found nowhere. `key` is the setting that names the file.
#[must_use]
pub fn where_to_put(key: &str) -> String {
    let folders: Vec<String> =
        named_models().into_iter().chain(folders()).map(|folder| folder.display().to_string()).collect();
    format!(
        "a relative path is looked for beside the configuration (without one: in the current folder), then \
         in {}; put the file there, or set {key} to its path. The models that ship with offhook are in the \
         folder models of its archive and of its repository; `make install` installs them. `offhook models list` \
         names published ones, and `offhook models pull NAME` fetches one",
        folders.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(program: &str, data: Option<&str>, home: Option<&str>) -> Vec<String> {
        let folders =
            folders_of(Some(Path::new(program)), user_of(data.map(Into::into), home.map(Into::into)));
        folders.iter().map(|folder| folder.display().to_string()).collect()
    }

    #[test]
    fn models_are_looked_for_beside_the_program_then_where_it_is_installed() {
        assert_eq!(
            shown("/opt/o/bin/offhook", None, Some("/home/me")),
            ["/opt/o/bin", "/opt/o/share/offhook", "/home/me/.local/share/offhook", "/usr/share/offhook"]
        );
        assert_eq!(
            shown("/usr/bin/offhook", Some("/data"), Some("/home/me")),
            ["/usr/bin", "/usr/share/offhook", "/data/offhook"]
        );
        assert_eq!(
            shown("/src/offhook/target/release/offhook", Some("not/absolute"), None),
            [
                "/src/offhook/target/release",
                "/src/offhook/target/share/offhook",
                "/src/offhook",
                "/usr/share/offhook"
            ]
        );
    }

    #[test]
    fn what_lies_beside_the_configuration_is_taken_first_and_what_is_nowhere_is_missing_there() {
        let folder = tempfile::tempdir().unwrap();
        let (own, installed) = (folder.path().join("own"), folder.path().join("installed"));
        for place in [&own, &installed] {
            std::fs::create_dir(place).unwrap();
        }
        std::fs::write(installed.join("a.bin"), "").unwrap();
        let found = |path: &str| find_in(&own, Path::new(path), || None, || vec![installed.clone()]);
        assert_eq!(found("a.bin"), installed.join("a.bin"));
        assert_eq!(found("b.bin"), own.join("b.bin"));
        assert_eq!(found("/x/a.bin"), Path::new("/x/a.bin"));
        std::fs::write(own.join("a.bin"), "").unwrap();
        assert_eq!(found("a.bin"), own.join("a.bin"));
    }

    #[test]
    fn a_folder_of_models_that_is_named_has_what_a_configuration_calls_models() {
        let folder = tempfile::tempdir().unwrap();
        let (own, named) = (folder.path().join("own"), folder.path().join("named"));
        std::fs::create_dir(&named).unwrap();
        std::fs::write(named.join("a.bin"), "").unwrap();
        let found = |path: &str| find_in(&own, Path::new(path), || Some(named.clone()), Vec::new);
        assert_eq!(found("models/a.bin"), named.join("a.bin"));
        assert_eq!(found("models/b.bin"), own.join("models/b.bin"));
        assert_eq!(found("a.bin"), own.join("a.bin"));
    }
}
