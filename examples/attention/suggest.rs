//! What a reader is likely to ask next.

use crate::passages::Passage;
use crate::text_index::TextIndex;
use crate::words::terms;

/// Most suggestions.
pub const SUGGESTIONS: usize = 4;

/// Longest heading that makes a question, in bytes.
const LONGEST: usize = 90;

/// Passages before and after an answer whose headings a reader sees beside it.
const NEAR: usize = 6;

/// Likely next questions, the likeliest first: what stands beside the last answer, then what else the history's most
/// frequent word is written about, then, for a reader who has asked nothing, what the documentation begins with.
///
/// `previous` are the questions so far, the last one last. None of them is suggested again.
pub fn suggest(previous: &[String], index: &TextIndex) -> Vec<String> {
    let mut likely = Likely { known: previous.iter().map(|question| key(question)).collect(), questions: Vec::new() };
    let Some(last) = previous.last() else {
        likely.take((0..index.passages().len().min(64)).collect(), index);
        return likely.questions;
    };
    let answers = index.answer(last, 2);
    // What was just read is not asked for again.
    likely.known.extend(answers.first().map(|best| key(&question(&index.passages()[best.passage].heading))));
    // Two from beside the best answer, one from beside the second.
    for (answer, share) in answers.into_iter().zip([2, 1]) {
        let (here, title) = (answer.passage, &index.passages()[answer.passage].title);
        let from = here.saturating_sub(NEAR);
        let to = (here + NEAR + 1).min(index.passages().len());
        let mut near: Vec<usize> = (from..to).filter(|other| index.passages()[*other].title == *title).collect();
        // What follows is read next; what comes before may have been read.
        near.sort_by_key(|other| if *other >= here { 2 * (other - here) } else { 2 * (here - other) + NEAR });
        let before = likely.questions.len();
        likely.take(near, index);
        likely.questions.truncate(before + share);
    }
    if let Some(topic) = topic(previous) {
        likely.take(index.answer(&topic, 2 * SUGGESTIONS).iter().map(|answer| answer.passage).collect(), index);
    }
    likely.questions
}

/// What two ways of asking the same have in common: the stems, sorted, each once.
pub fn key(question: &str) -> String {
    let mut stems = terms(question);
    stems.sort();
    stems.dedup();
    stems.join(" ")
}

/// The word that was asked most, the latest of several.
fn topic(previous: &[String]) -> Option<String> {
    let said: Vec<String> = previous.iter().rev().take(4).rev().flat_map(|question| terms(question)).collect();
    let count = |word: &String| said.iter().filter(|other| *other == word).count();
    said.iter().enumerate().max_by_key(|(place, word)| (count(word), *place)).map(|(_, word)| word.clone())
}

struct Likely {
    known: Vec<String>,
    questions: Vec<String>,
}

impl Likely {
    /// Asks for the headings of passages until there are enough.
    fn take(&mut self, passages: Vec<usize>, index: &TextIndex) {
        for passage in passages {
            let Passage { heading, weight, .. } = &index.passages()[passage];
            if heading.len() > LONGEST || *weight < 0.6 {
                continue; // A sentence, or a field: nobody asks for these.
            }
            let question = question(heading);
            let key = key(&question);
            if self.questions.len() < SUGGESTIONS && !key.is_empty() && !self.known.contains(&key) {
                self.known.push(key);
                self.questions.push(question);
            }
        }
    }
}

/// Asks for what stands under a heading: a decision for its reason.
fn question(heading: &str) -> String {
    let heading = heading.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == ' ');
    match heading.strip_suffix('.') {
        Some(claim) => format!("Why “{claim}”?"),
        None => format!("What about {heading}?"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passages::passages;

    fn index() -> TextIndex {
        let text = "# Rings\nRings are bounded.\n# Pools\nPools are fixed.\n\n**Newest wins.** Old frames go.\n\
                    # Lamps\nLamps shine.\n# Ring sizes\nA ring has four places.\n";
        let mut index = TextIndex::default();
        assert!(passages("a.md", text).into_iter().all(|passage| index.add_passage(passage)));
        index
    }

    #[test]
    fn what_stands_beside_the_answer_comes_first() {
        let asked = [String::from("How are pools fixed?")];
        let suggested = suggest(&asked, &index());
        assert_eq!(suggested[..2], ["Why “Newest wins”?", "What about Lamps?"].map(String::from));
    }

    #[test]
    fn nothing_is_suggested_twice_or_again() {
        let index = index();
        let mut asked = Vec::new();
        for _ in 0..6 {
            let suggested = suggest(&asked, &index);
            assert!(suggested.len() <= SUGGESTIONS);
            let mut keys: Vec<_> = suggested.iter().chain(&asked).map(|question| key(question)).collect();
            keys.sort();
            assert!(keys.windows(2).all(|pair| pair[0] != pair[1]), "{keys:?}");
            let Some(next) = suggested.into_iter().next() else { return };
            asked.push(next);
        }
        panic!("five headings, but a sixth question is suggested: {asked:?}");
    }

    #[test]
    fn who_asked_nothing_is_offered_the_beginning() {
        assert_eq!(suggest(&[], &index())[0], "What about Rings?");
    }

    #[test]
    fn the_same_asked_otherwise_has_one_key() {
        assert_eq!(key("How do I calibrate a camera?"), key("camera calibration"));
        assert_ne!(key("calibrate a camera"), key("calibrate a lens"));
    }
}
