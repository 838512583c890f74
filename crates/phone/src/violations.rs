//! The server's violations of the gateway's protocol, each kind once with its count: a mistake in every frame
//! is one mistake. PURE. Must not know any protocol.

/// The most kinds of violations that are kept; further kinds are only counted.
const MOST: usize = 50;

/// The violations that the caller noticed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Violations {
    ways: Vec<(String, usize)>,
    others: usize,
}

impl Violations {
    /// Adds a violation of this kind.
    pub(crate) fn add(&mut self, way: String) {
        self.add_times(way, 1);
    }

    /// Adds the violations of another call.
    pub(crate) fn merge(&mut self, other: Self) {
        for (way, times) in other.ways {
            self.add_times(way, times);
        }
        self.others += other.others;
    }

    fn add_times(&mut self, way: String, more: usize) {
        if let Some((_, times)) = self.ways.iter_mut().find(|(known, _)| *known == way) {
            *times += more;
        } else if self.ways.len() < MOST {
            self.ways.push((way, more));
        } else {
            self.others += more;
        }
    }

    /// One sentence per kind, in the order in which they were noticed.
    pub(crate) fn sentences(&self) -> Vec<String> {
        let sentence = |(way, times): &(String, usize)| match times {
            1 => way.clone(),
            times => format!("{way} ({times} times)"),
        };
        let others = (self.others > 0).then(|| format!("and in other ways ({} times)", self.others));
        self.ways.iter().map(sentence).chain(others).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_in_every_frame_is_told_once() {
        let mut violations = Violations::default();
        assert!(violations.sentences().is_empty());
        for way in ["short audio", "no name", "short audio"] {
            violations.add(way.to_owned());
        }
        assert_eq!(violations.sentences(), ["short audio (2 times)", "no name"]);
    }

    #[test]
    fn the_mistakes_of_two_calls_are_told_together() {
        let (mut first, mut second) = (Violations::default(), Violations::default());
        first.add("short audio".into());
        second.add("short audio".into());
        second.add("no name".into());
        first.merge(second);
        assert_eq!(first.sentences(), ["short audio (2 times)", "no name"]);
    }

    #[test]
    fn there_is_an_end_to_what_is_kept() {
        let mut violations = Violations::default();
        for way in 0..MOST + 7 {
            violations.add(way.to_string());
        }
        assert_eq!(violations.sentences().len(), MOST + 1);
        assert_eq!(violations.sentences()[MOST], "and in other ways (7 times)");
    }
}
