//! Mutates real inputs into ones that nobody would send: flipped bits, pieces that are missing, doubled or
//! foreign, too large numbers, too deep nesting, invalid texts. The same seed gives the same input. Must not
//! know any format but the packing of messages.

use super::targets::codecs::{Packed, pack, unpack};

/// Numbers as texts, at the limits of types or beyond them.
const NUMBERS: [&str; 14] = [
    "0",
    "-1",
    "1",
    "255",
    "65536",
    "2147483648",
    "4294967296",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775809",
    "1e999",
    "0.1e-400",
    "1e19",
];

/// Numbers at the limits of types, for little-endian bytes.
const WORDS: [u64; 10] =
    [0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff, 0x7fff_ffff_ffff_ffff, u64::MAX];

/// Pieces that are hard for decoders.
const PIECES: [&[u8]; 18] = [
    b"\xff\xfe",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\\ud800",
    b"\\udc00\\ud800",
    b"\\u0000",
    b"\0",
    b"\r\n",
    b"\"",
    b"\\",
    b"{",
    b"]",
    b",",
    b"null",
    b"\xef\xbb\xbf",
    "\u{202e}\u{1F600}\u{0301}".as_bytes(),
    b"\"event\":\"start\",",
    b"====",
];

/// Random numbers (SplitMix64, Steele, Lea and Flood 2014).
pub struct Random(u64);

impl Random {
    /// The numbers of one case.
    pub fn of(name: &str, case: u64) -> Self {
        let name = name.bytes().fold(0_u64, |hash, byte| hash.wrapping_mul(257).wrapping_add(byte.into()));
        Self(name ^ case.wrapping_mul(0xd134_2543_de82_ef95))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 if `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % (end.max(1) as u64)).unwrap()
    }

    fn of_list<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }

    /// A short range within this length.
    fn stretch(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        let most = [4, 32, 256, length][self.below(4)];
        start..length.min(start + self.below(most + 1))
    }
}

/// An input mutated from one of the seeds.
pub fn mutated(messages: bool, seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut input = seeds[random.below(seeds.len())].clone();
    let other = &seeds[random.below(seeds.len())];
    for _ in 0..=random.below(4) {
        if messages && random.below(8) > 0 {
            let mut all = unpack(&input);
            mutate_messages(&mut all, other, random);
            input = pack(&all);
        } else {
            mutate(&mut input, other, random);
        }
    }
    input
}

/// Changes the order of messages, or one message.
fn mutate_messages(messages: &mut Vec<Packed>, other: &[u8], random: &mut Random) {
    let others = unpack(other);
    if messages.is_empty() {
        messages.extend(others);
        return;
    }
    let at = random.below(messages.len());
    match random.below(12) {
        0 => {
            messages.remove(at);
        }
        1 => messages.insert(at, messages[random.below(messages.len())].clone()),
        2 => {
            let other = random.below(messages.len());
            messages.swap(at, other);
        }
        3 if !others.is_empty() => messages.insert(at, others[random.below(others.len())].clone()),
        4 => messages[at].text = !messages[at].text,
        5 => messages[at].said = u8::try_from(random.below(128)).unwrap(),
        _ => {
            let foreign = others.get(random.below(others.len())).map_or(&[][..], |other| &other.bytes);
            mutate(&mut messages[at].bytes, foreign, random);
        }
    }
}

/// Changes a few bytes.
fn mutate(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let at = random.below(bytes.len() + 1);
    match random.below(16) {
        0 | 1 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
        2 if at < bytes.len() => bytes[at] = random.next().to_le_bytes()[0],
        3 => bytes.truncate(at),
        4 => {
            let stretch = random.stretch(bytes.len());
            bytes.drain(stretch);
        }
        5 => {
            let piece = bytes[random.stretch(bytes.len())].to_vec();
            insert(bytes, at, &piece);
        }
        6 => insert(bytes, at, &other[random.stretch(other.len())]),
        7 => insert(bytes, at, random.of_list(&PIECES)),
        8 | 9 => number(bytes, at, random),
        10 | 11 => {
            let word = WORDS[random.below(WORDS.len())].to_le_bytes();
            let width = [1, 2, 4, 8][random.below(4)];
            // Numbers in files often lie at multiples of four.
            let at = if random.below(2) == 0 { at - at % 4 } else { at };
            for (byte, new) in bytes.iter_mut().skip(at).zip(&word[..width]) {
                *byte = *new;
            }
        }
        12 => {
            let depth = [3, 60, 130, 3000][random.below(4)];
            insert(
                bytes,
                at,
                &random.of_list(&[&b"["[..], b"{\"a\":", b"[[x]]\n", b"a.", b"("]).repeat(depth),
            );
        }
        13 => insert(bytes, at, &b"k".repeat([1, 257, 5000, 60_000][random.below(4)])),
        14 => member_twice(bytes, at),
        _ => {
            let new: Vec<u8> = (0..random.below(8)).map(|_| random.next().to_le_bytes()[0]).collect();
            insert(bytes, at, &new);
        }
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, piece: &[u8]) {
    bytes.splice(at..at, piece.iter().copied());
}

/// Replaces the next number from `at` on.
fn number(bytes: &mut Vec<u8>, at: usize, random: &mut Random) {
    let digit = |byte: &u8| byte.is_ascii_digit();
    let Some(start) = bytes[at..].iter().position(digit).map(|ahead| at + ahead) else { return };
    let length = bytes[start..].iter().take_while(|byte| digit(byte)).count();
    bytes.splice(start..start + length, random.of_list(&NUMBERS).bytes());
}

/// Repeats a member of an object (the text between two commas) at the end of the object.
fn member_twice(bytes: &mut Vec<u8>, at: usize) {
    let comma = |byte: &u8| *byte == b',';
    let Some(start) = bytes[at..].iter().position(comma).map(|ahead| at + ahead) else { return };
    let length = 1 + bytes[start + 1..].iter().take_while(|byte| !comma(byte) && **byte != b'}').count();
    let member = bytes[start..start + length].to_vec();
    let end = bytes.iter().rposition(|byte| *byte == b'}').unwrap_or(start);
    insert(bytes, end, &member);
}

#[test]
fn the_same_case_is_the_same_input() {
    let seeds = [b"{\"a\": 1, \"b\": [2]}".to_vec(), vec![0; 40]];
    let input = |case| mutated(false, &seeds, &mut Random::of("x", case));
    assert!((0..100).all(|case| input(case) == input(case)));
    assert!((0..100).any(|case| input(case) != input(case + 1)));
}
