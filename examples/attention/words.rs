//! The words of a text as the index knows them: lower case, without endings; identifiers whole and in their parts.

/// Words that say nothing about what a text is about.
const STOP: &[&str] = &[
    "a", "about", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can", "could", "did", "do",
    "does", "doesn", "don", "done", "explain", "for", "from", "get", "gets", "go", "goes", "got", "had", "happen",
    "happens", "has", "have", "how", "i", "if", "in", "into", "is", "isn", "it", "its", "me", "my", "no", "not", "of",
    "on", "or", "our", "please", "put", "should", "so", "some", "such", "tell", "than", "that", "the", "their", "them",
    "then", "there", "these", "they", "this", "those", "to", "was", "we", "were", "what", "when", "where", "which",
    "who", "whose", "why", "will", "with", "would", "you", "your",
];

/// Longest word that is told apart from others, in bytes. Longer ones are cut: pasted data must not fill the index.
const LONGEST: usize = 40;

/// Calls `each` with every word of `text` as it is written and as its stem, in order. Stop words are left out.
///
/// `FrameLease` and `frame_lease` give `framelease`, then `fram` and `leas`: the same three for both.
pub fn each_term(text: &str, mut each: impl FnMut(&str, String)) {
    let in_word = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '\'' || letter == '’';
    for word in text.split(|letter| !in_word(letter)) {
        let word = word.trim_matches('\'').split(['\'', '’']).next().unwrap_or_default().trim_matches('_');
        let parts = parts(word);
        if parts.len() > 1 {
            each(word, cut(word.replace('_', "").to_lowercase()));
        }
        for part in parts {
            let lower = part.to_lowercase();
            let is_letter = lower.len() == 1 && !lower.as_bytes()[0].is_ascii_digit();
            if !is_letter && STOP.binary_search(&lower.as_str()).is_err() {
                each(part, cut(stem(lower)));
            }
        }
    }
}

/// The stems of a text, in order.
pub fn terms(text: &str) -> Vec<String> {
    let mut terms = Vec::new();
    each_term(text, |_, stem| terms.push(stem));
    terms
}

/// An identifier's parts: between `_`, and where a capital begins a word (`GpuSlot`, `GPUSlot`).
fn parts(word: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for piece in word.split('_').filter(|piece| !piece.is_empty()) {
        let letters: Vec<(usize, char)> = piece.char_indices().collect();
        let mut start = 0;
        for around in letters.windows(3) {
            let [(_, before), (place, here), (_, after)] = [around[0], around[1], around[2]];
            if here.is_uppercase() && (before.is_lowercase() || before.is_uppercase() && after.is_lowercase()) {
                parts.push(&piece[start..place]);
                start = place;
            }
        }
        parts.push(&piece[start..]);
    }
    parts
}

fn cut(mut word: String) -> String {
    while word.len() > LONGEST {
        word.pop();
    }
    word
}

/// Takes plurals and the endings of verbs off, so that *allocates*, *allocated* and *allocation* are one. Light: after
/// the S stemmer of Harman, "How effective is suffixing?" (JASIS 1991), with `-ed`, `-ing`, `-ion` and `-e` besides.
fn stem(mut word: String) -> String {
    if word.len() < 4 || !word.bytes().all(|letter| letter.is_ascii_lowercase()) {
        return word;
    }
    let has_vowel = |word: &str| word.bytes().any(|letter| b"aeiouy".contains(&letter));
    if (word.ends_with("ies") || word.ends_with("ied")) && word.len() > 4 {
        word.truncate(word.len() - 3);
        word.push('y');
        return word;
    }
    if ["sses", "xes", "ches", "shes"].iter().any(|ending| word.ends_with(ending)) {
        word.truncate(word.len() - 2);
    } else if word.ends_with('s') && !["ss", "us", "is"].iter().any(|ending| word.ends_with(ending)) {
        word.pop();
    }
    let ending = ["ing", "ion", "ed", "e"].into_iter().find(|ending| word.ends_with(ending));
    if let Some(ending) = ending.filter(|_| !word.ends_with("eed")) {
        let rest = word.len() - ending.len();
        if rest >= 3 && has_vowel(&word[..rest]) {
            word.truncate(rest);
            let bytes = word.as_bytes();
            let is_doubled = rest >= 4 && bytes[rest - 1] == bytes[rest - 2] && !b"lsz".contains(&bytes[rest - 1]);
            if is_doubled && ending != "e" {
                word.pop();
            } else if word.ends_with("at") && rest >= 6 {
                word.truncate(rest - 2);
            }
        }
    }
    word
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn forms_of_a_word_are_one() {
        let families: [&[&str]; 6] = [
            &["allocate", "allocates", "allocated", "allocating", "allocation", "Allocations"],
            &["calibrate", "calibrated", "calibration"],
            &["format", "formats", "formatted"],
            &["drop", "drops", "dropped", "dropping"],
            &["copy", "copies", "copied"],
            &["frame", "frames", "frame's"],
        ];
        for family in families {
            let stems: Vec<_> = family.iter().map(|word| terms(word)).collect();
            assert!(stems.iter().all(|stem| stem.len() == 1 && *stem == stems[0]), "{family:?}: {stems:?}");
        }
        assert_ne!(terms("format"), terms("form"));
    }

    #[test]
    fn identifiers_count_whole_and_in_parts() {
        assert_eq!(terms("FrameLease"), ["framelease", "fram", "leas"]);
        assert_eq!(terms("frame_lease"), terms("FrameLease"));
        assert_eq!(terms("GPUSlot"), ["gpuslot", "gpu", "slot"]);
        assert_eq!(terms("What is the V4L2?"), ["v4l2"]);
        assert_eq!(terms(&"é".repeat(100)), ["é".repeat(LONGEST / 2)]);
    }

    #[test]
    fn stop_words_are_in_order() {
        assert!(STOP.is_sorted(), "they are searched by halving");
    }

    proptest! {
        #[test]
        fn any_text_gives_short_words(text in any::<String>(), long in "[a-zA-Zé]{0,90}") {
            for term in terms(&(text + &long)) {
                prop_assert!(!term.is_empty() && term.len() <= LONGEST);
            }
        }
    }
}
