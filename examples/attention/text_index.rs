//! Full-text search over passages of documentation, in steps.
//!
//! Passages are ranked by BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond",
//! 2009). Words of a passage's heading and path count as words of its text, with weights, before they saturate, as in
//! the same paper's BM25F. The sum is multiplied by the share of the question that the passage covers: who asks three
//! words wants one answer to all of them.

use std::collections::HashMap;

use crate::passages::Passage;
use crate::words::{each_term, terms};

/// Saturation of a word that is repeated.
const K1: f32 = 1.2;
/// How much long passages are marked down.
const B: f32 = 0.75;
/// What a word counts in the text, in the heading and in the path.
const FIELDS: [f32; 3] = [1.0, 1.5, 0.7];
/// Passages shorter than this share of the mean are not marked up any further: a line of three words says little.
const SHORT: f32 = 0.9;
/// What the docs of an item count when it is asked for by its name.
const NAMED: f32 = 2.0;
/// Longest snippet, in bytes; a single sentence may be longer by its last word.
const SNIPPET: usize = 320;

/// Which passages have which words.
#[derive(Debug, Default)]
pub struct TextIndex {
    passages: Vec<Passage>,
    /// Words in each passage, and in all together.
    lengths: Vec<f32>,
    total: f64,
    /// Postings of each term: the passage and the weighted count, by rising passage.
    postings: HashMap<String, Vec<(u32, f32)>>,
}

/// A passage that answers, or may.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Its number in the index.
    pub passage: usize,
    /// The higher the better; comes close to the sum of what the question's words weigh, some 5 for each rare one.
    pub score: f32,
    /// Its best sentence, with the next one where both are short.
    pub snippet: String,
    /// The question's words that it has, as they were asked.
    pub matched: Vec<String>,
}

impl TextIndex {
    /// Most passages. More are refused.
    pub const MOST: usize = 16_384;

    /// Adds a passage. False: the index is full, and nothing was added.
    pub fn add_passage(&mut self, passage: Passage) -> bool {
        if self.passages.len() == Self::MOST {
            return false;
        }
        let mut counts: Vec<(String, f32)> = Vec::new();
        let mut length = 0.0;
        for (field, weight) in [&passage.text, &passage.heading, &passage.title].into_iter().zip(FIELDS) {
            each_term(field, |_, term| {
                length += weight;
                counts.push((term, weight));
            });
        }
        counts.sort_by(|one, other| one.0.cmp(&other.0));
        counts.dedup_by(|next, first| {
            next.0 == first.0 && {
                first.1 += next.1;
                true
            }
        });
        for (term, count) in counts {
            self.postings.entry(term).or_default().push((self.passages.len() as u32, count));
        }
        self.lengths.push(length);
        self.total += f64::from(length);
        self.passages.push(passage);
        true
    }

    /// The passages, by their numbers.
    pub fn passages(&self) -> &[Passage] {
        &self.passages
    }

    /// Terms, and postings of all of them: what the index holds.
    pub fn size(&self) -> (usize, usize) {
        (self.postings.len(), self.postings.values().map(Vec::len).sum())
    }

    /// The best `most` answers at once, the best first.
    pub fn answer(&self, question: &str, most: usize) -> Vec<Answer> {
        let mut search = Search::new(self, question);
        while search.step(usize::MAX) > 0 {}
        search.answers(most)
    }

    /// How much a term tells passages apart. Never below 0.
    fn rarity(&self, having: usize) -> f32 {
        let (all, having) = (self.passages.len() as f32, having as f32);
        (1.0 + (all - having + 0.5) / (having + 0.5)).ln()
    }
}

/// A word of a question.
#[derive(Debug)]
struct Asked<'a> {
    term: String,
    /// As it was asked.
    word: String,
    rarity: f32,
    postings: &'a [(u32, f32)],
}

/// A search that is done in steps, so that a task can look up in between.
#[derive(Debug)]
pub struct Search<'a> {
    index: &'a TextIndex,
    asked: Vec<Asked<'a>>,
    /// Of each passage: its score so far, and a bit for each word it has.
    scores: Vec<(f32, u32)>,
    /// The word and the posting to go on with.
    next: (usize, usize),
}

impl<'a> Search<'a> {
    /// Most words of a question that are looked for: the first ones.
    pub const WORDS: usize = 32;

    /// Takes the question apart; looks nothing up yet.
    pub fn new(index: &'a TextIndex, question: &str) -> Self {
        let mut asked: Vec<Asked> = Vec::new();
        each_term(question, |word, term| {
            let is_new = asked.len() < Self::WORDS && asked.iter().all(|other| other.term != term);
            if let Some(postings) = index.postings.get(&term).filter(|_| is_new) {
                asked.push(Asked { term, word: word.to_owned(), rarity: index.rarity(postings.len()), postings });
            }
        });
        Self { index, asked, scores: vec![(0.0, 0); index.passages.len()], next: (0, 0) }
    }

    /// Looks at up to `most` postings. Gives how many are left: 0 when the search is done.
    pub fn step(&mut self, most: usize) -> usize {
        let mean = (self.index.total / self.index.passages.len().max(1) as f64) as f32;
        let mut budget = most;
        while let Some(asked) = self.asked.get(self.next.0).filter(|_| budget > 0) {
            let rest = &asked.postings[self.next.1..];
            let taken = rest.len().min(budget);
            for &(passage, count) in &rest[..taken] {
                let long = (self.index.lengths[passage as usize] / mean).max(SHORT);
                let (score, has) = &mut self.scores[passage as usize];
                *score += asked.rarity * count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * long));
                *has |= 1 << self.next.0;
            }
            budget -= taken;
            self.next = if taken == rest.len() { (self.next.0 + 1, 0) } else { (self.next.0, self.next.1 + taken) };
        }
        let later = self.asked.iter().skip(self.next.0).map(|asked| asked.postings.len()).sum::<usize>();
        later - self.next.1
    }

    /// The best `most` passages of what was looked at so far, the best first, equal ones in the index's order. Passages
    /// that say the same word for word are given once.
    pub fn answers(&self, most: usize) -> Vec<Answer> {
        let whole: f32 = self.asked.iter().map(|asked| asked.rarity).sum();
        let found = self.scores.iter().enumerate().filter(|(_, (_, has))| *has != 0);
        let mut ranked: Vec<(f32, usize)> = found
            .map(|(passage, &(score, has))| {
                let covered: f32 = self.having(has).map(|asked| asked.rarity).sum();
                (score * (covered / whole) * self.index.passages[passage].weight, passage)
            })
            .collect();
        let better = |one: &(f32, usize), other: &(f32, usize)| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1));
        let near = (most * 4).min(ranked.len());
        if near < ranked.len() {
            ranked.select_nth_unstable_by(near, better);
            ranked.truncate(near);
        }
        for (score, passage) in &mut ranked {
            *score *= if self.names(*passage) { NAMED } else { 1.0 };
        }
        ranked.sort_unstable_by(better);
        let mut answers: Vec<Answer> = Vec::with_capacity(most.min(near));
        for (score, passage) in ranked {
            let text = &self.index.passages[passage].text;
            if answers.len() < most && answers.iter().all(|other| self.index.passages[other.passage].text != *text) {
                let matched = self.having(self.scores[passage].1).map(|asked| asked.word.clone()).collect();
                answers.push(Answer { passage, score, snippet: self.snippet(text), matched });
            }
        }
        answers
    }

    /// Whether the passage is about an item that was asked for by its name.
    fn names(&self, passage: usize) -> bool {
        let heading = &self.index.passages[passage].heading;
        let is_name = heading.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
        let name = terms(if is_name { heading } else { "" });
        name.len() > 1 && self.asked.iter().any(|asked| asked.term == name[0])
    }

    fn having(&self, bits: u32) -> impl Iterator<Item = &Asked<'a>> {
        self.asked.iter().enumerate().filter(move |(place, _)| bits & 1 << place != 0).map(|(_, asked)| asked)
    }

    /// The sentence with most of what was asked, and the one after it where both fit.
    fn snippet(&self, text: &str) -> String {
        let sentences = sentences(text);
        let value = |sentence: &str| {
            let has = terms(sentence);
            self.asked.iter().filter(|asked| has.contains(&asked.term)).map(|asked| asked.rarity).sum::<f32>()
        };
        let values: Vec<f32> = sentences.iter().map(|sentence| value(sentence)).collect();
        let best = (0..values.len()).rev().max_by(|one, other| values[*one].total_cmp(&values[*other])).unwrap_or(0);
        let mut snippet = String::new();
        for sentence in sentences.iter().skip(best).take(2) {
            if snippet.is_empty() || snippet.len() + sentence.len() < SNIPPET {
                snippet.push_str(sentence);
            }
        }
        if snippet.len() > SNIPPET {
            let cut = snippet.char_indices().find(|(at, letter)| *at >= SNIPPET && letter.is_whitespace());
            snippet.truncate(cut.map_or(snippet.len(), |(at, _)| at));
            snippet.push('…');
        }
        snippet.trim_end().to_owned()
    }
}

/// A text's sentences, each with the space after it: to a full stop before a capital, or to the end of a line.
fn sentences(text: &str) -> Vec<&str> {
    let (mut sentences, mut start) = (Vec::new(), 0);
    for (place, _) in text.match_indices(['.', '?', '!', '\n']) {
        let rest = &text[place + 1..];
        let next = rest.trim_start();
        let is_end = text[place..].starts_with('\n') || rest.len() > next.len() && next.starts_with(char::is_uppercase);
        if is_end {
            let end = text.len() - next.len();
            sentences.push(&text[start..end.max(start)]);
            start = end.max(start);
        }
    }
    sentences.push(&text[start..]);
    sentences
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn index(texts: &[String]) -> TextIndex {
        let mut index = TextIndex::default();
        for text in texts {
            let (title, heading) = (String::new(), String::new());
            assert!(index.add_passage(Passage { title, heading, text: text.clone(), weight: 1.0 }));
        }
        index
    }

    /// Passages of words that are not stemmed, each with one word that no other has.
    fn texts() -> impl Strategy<Value = Vec<String>> {
        let words = prop::collection::vec(0..12_u8, 1..14);
        prop::collection::vec(words, 1..12).prop_map(|texts| {
            let line = |(own, words): (usize, Vec<u8>)| {
                words.iter().map(|word| format!("w{word} ")).collect::<String>() + &format!("own{own}")
            };
            texts.into_iter().enumerate().map(line).collect()
        })
    }

    proptest! {
        #[test]
        fn a_passage_is_found_by_its_own_words_whatever_else_is_added(
            texts in texts(), pick in any::<prop::sample::Index>(), more in prop::collection::vec(1..40_usize, 0..6),
        ) {
            let picked = pick.index(texts.len());
            let mut index = index(&texts);
            let first = index.answer(&texts[picked], 3);
            prop_assert_eq!(first[0].passage, picked);
            for words in more {
                let passage = Passage { text: "else ".repeat(words), ..index.passages()[0].clone() };
                prop_assert!(index.add_passage(passage));
                prop_assert_eq!(index.answer(&texts[picked], 3)[0].passage, picked);
            }
        }

        #[test]
        fn scores_are_finite_and_fall(texts in prop::collection::vec(any::<String>(), 0..8), question in any::<String>()) {
            let index = index(&texts);
            let question = question + texts.first().map_or("", |text| text);
            let answers = index.answer(&question, 5);
            prop_assert!(answers.iter().all(|answer| answer.score.is_finite() && answer.score > 0.0));
            prop_assert!(answers.windows(2).all(|pair| pair[0].score >= pair[1].score));
            prop_assert!(answers.iter().all(|answer| !answer.matched.is_empty()));
        }

        #[test]
        fn steps_end_where_one_step_does(texts in texts(), pick in any::<prop::sample::Index>(), most in 1..9_usize) {
            let index = index(&texts);
            let question = &texts[pick.index(texts.len())];
            let (mut search, mut left) = (Search::new(&index, question), usize::MAX);
            while left > 0 {
                let rest = search.step(most);
                prop_assert!(rest < left, "every step brings the end nearer");
                left = rest;
            }
            prop_assert_eq!(search.answers(4), index.answer(question, 4));
        }
    }

    #[test]
    fn who_has_more_of_the_question_comes_first() {
        let mut texts = vec![String::from("late late late late late late late late")];
        texts.push(String::from("late results a1 a2 a3 a4 a5 a6"));
        texts.extend((0..4).map(|_| String::from("b1 results b2 b3 b4 b5 b6 b7")));
        texts.extend((0..14).map(|_| String::from("c1 c2 c3 c4 c5 c6 c7 c8")));
        let answers = index(&texts).answer("What happens to late results?", 3);
        assert_eq!(answers[0].passage, 1);
        assert_eq!(answers[0].matched, ["late", "results"]);
        assert_eq!(answers[1].passage, 0);
    }

    #[test]
    fn a_single_word_scores_as_the_paper_says() {
        let index = index(&["rings turn", "pools hold", "rings rings"].map(String::from));
        let answers = index.answer("turn", 3);
        // One of three passages has it, once, and is as long as the mean.
        assert!(answers.len() == 1 && (answers[0].score - (1.0_f32 + 2.5 / 1.5).ln()).abs() < 1e-6, "{answers:?}");
    }

    #[test]
    fn an_item_that_is_asked_for_by_name_comes_first() {
        let mut index = index(&["FrameLease, and how a FrameLease is used".into(), "Keeps a frame.".into()]);
        index.passages[1].heading = "FrameLease".into();
        let [prose, item] = index.passages.clone().try_into().unwrap();
        let mut index = TextIndex::default();
        assert!(index.add_passage(prose) && index.add_passage(Passage { weight: 0.7, ..item }));
        assert_eq!(index.answer("What is FrameLease?", 2)[0].passage, 1);
    }

    #[test]
    fn the_snippet_is_the_sentence_that_answers() {
        let long = format!("{} Rings are bounded. Newest wins.", "Something else is said here at length. ".repeat(12));
        let answers = index(&[long]).answer("are the rings bounded", 1);
        assert_eq!(answers[0].snippet, "Rings are bounded. Newest wins.");
    }

    #[test]
    fn a_full_index_refuses() {
        let mut index = TextIndex::default();
        let passage = Passage { title: String::new(), heading: String::new(), text: String::from("word"), weight: 1.0 };
        assert!((0..TextIndex::MOST).all(|_| index.add_passage(passage.clone())));
        assert!(!index.add_passage(passage));
        assert_eq!(index.answer("word", 3).len(), 1, "said word for word the same");
    }
}
