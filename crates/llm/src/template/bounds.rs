//! Runs a template within limits of time, memory and depth, whatever the template says: it comes with a
//! stranger's file. Must not know what it renders.
//!
//! minijinja limits the number of instructions, but each of them may double a text, or walk a list that
//! contains itself. So the instructions that make or compare values are replaced by functions (`operators`),
//! which first weigh their arguments, in bytes and in parts, against one budget. The cost of all other
//! instructions grows only with their number. The template runs on a thread whose stack holds the deepest
//! nesting that the allowed instructions can make.

use std::sync::Arc;

use minijinja::machinery::{
    CodeGenerator, Instruction, Instructions, Token, eval, make_string_output, parse, tokenize,
};
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Error, Value};

use super::budget::{Budget, refused};
use super::operators::{self, Dated};

/// Longest template, in bytes. Those of 2026 have up to 30 kB.
const MAX_SOURCE: usize = 256 * 1024;
/// Longest text between two tags, in bytes. One instruction may write it again and again.
const MAX_RAW: usize = 8 * 1024;
/// Most tokens in a tag: long chains of operators are deep trees.
const MAX_TOKENS: usize = 2000;
/// Most `elif`s in a template: each is nested in the one before it.
const MAX_ELIFS: usize = 500;
/// Instructions in one rendering: a base, more for every message, and an upper limit. A message takes a few
/// hundred.
const FUEL: (u64, u64, u64) = (60_000, 4_000, 600_000);
/// Bytes and parts that one rendering may handle: a base, more for every message, and an upper limit.
const BUDGET: (u64, u64, u64) = (1 << 20, 1 << 15, 1 << 23);
/// Stack of the rendering thread. Only the used part takes memory.
const STACK: usize = 64 << 20;

/// Name of the template in error messages.
const NAME: &str = "chat";

/// Renders the template with these variables, which include `messages` messages. `dated` gives the time for
/// dates.
pub(super) fn render(
    source: &str,
    variables: Value,
    messages: usize,
    dated: Dated,
) -> Result<String, String> {
    let run = || run(source, variables, messages, dated).map_err(|error| error.to_string());
    std::thread::scope(|scope| {
        let thread =
            std::thread::Builder::new().name("template".into()).stack_size(STACK).spawn_scoped(scope, run);
        let thread = thread.map_err(|error| format!("no thread could be started for it: {error}"))?;
        thread.join().unwrap_or_else(|_| Err("it made the template engine panic".to_owned()))
    })
}

fn run(source: &str, variables: Value, messages: usize, dated: Dated) -> Result<String, Error> {
    // The settings of transformers, for which the templates are written.
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?;
    check_form(source, syntax.clone())?;
    let allowance = |(least, each, most): (u64, u64, u64)| (least + each * messages as u64).min(most);
    let budget = Arc::new(Budget::new(allowance(BUDGET)));
    let mut environment = Environment::new();
    environment.set_debug(false);
    environment.set_fuel(Some(allowance(FUEL)));
    operators::install(&mut environment, &budget, dated);
    let mut generator = CodeGenerator::new(NAME, source);
    generator.compile_stmt(&parse(source, NAME, syntax)?);
    let (instructions, blocks) = generator.finish();
    let mut instructions = weigh_plain_text(&instructions, source);
    guard(&mut instructions)?;
    if !blocks.is_empty() {
        return Err(refused("it has named blocks"));
    }
    let mut text = String::new();
    let mut output = make_string_output(&mut text);
    eval(&environment, &instructions, variables, &blocks, &mut output, AutoEscape::None)?;
    Ok(text)
}

/// Refuses a template that would take long to parse, or make the parser recurse deeply.
fn check_form(source: &str, syntax: SyntaxConfig) -> Result<(), Error> {
    if source.len() > MAX_SOURCE {
        return Err(refused(format!("it is longer than {MAX_SOURCE} bytes")));
    }
    let (mut in_tag, mut elifs) = (0, 0);
    let (mut constant, mut multiplied) = (false, false);
    for token in tokenize(source, false, syntax) {
        let token = token?.0;
        if let Token::TemplateData(text) = &token
            && text.len() > MAX_RAW
        {
            return Err(refused(format!("a text in it is longer than {MAX_RAW} bytes")));
        }
        in_tag = if matches!(token, Token::VariableStart | Token::BlockStart) { 0 } else { in_tag + 1 };
        elifs += usize::from(matches!(token, Token::Ident("elif")));
        if in_tag > MAX_TOKENS || elifs > MAX_ELIFS {
            return Err(refused("an expression or a condition in it is too long"));
        }
        // Constant expressions are evaluated when the template is compiled, where nothing is weighed.
        let text = matches!(token, Token::Str(_) | Token::String(_));
        let opens = matches!(token, Token::BracketOpen | Token::ParenOpen | Token::BraceOpen);
        let times = matches!(token, Token::Mul);
        if (times && constant) || (multiplied && (text || opens)) {
            return Err(refused("it multiplies texts or lists"));
        }
        constant = text || matches!(token, Token::BracketClose | Token::ParenClose | Token::BraceClose);
        multiplied = times;
    }
    Ok(())
}

/// The instructions, with the texts between tags turned into values, which are weighed when they are written.
/// Raw text is not limited: a loop around it fills all memory in few instructions.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of minijinja's instructions, these name another by its number"
)]
fn weigh_plain_text<'s>(instructions: &Instructions<'s>, source: &'s str) -> Instructions<'s> {
    let all: Vec<&Instruction<'s>> = (0..).map_while(|index| instructions.get(index)).collect();
    let mut next = 0;
    let mut places: Vec<u32> = Vec::new();
    for instruction in &all {
        places.push(next);
        next += if matches!(instruction, Instruction::EmitRaw(_)) { 2 } else { 1 };
    }
    // A jump may go past the last instruction.
    let place = |old: &u32| places.get(*old as usize).copied().unwrap_or(next);
    let mut weighed = Instructions::new(NAME, source);
    for (index, instruction) in (0..).zip(all) {
        let moved = match instruction {
            Instruction::EmitRaw(text) => {
                weighed.add(Instruction::LoadConst(Value::from(*text)));
                Instruction::Emit
            }
            Instruction::Iterate(to) => Instruction::Iterate(place(to)),
            Instruction::Jump(to) => Instruction::Jump(place(to)),
            Instruction::JumpIfFalse(to) => Instruction::JumpIfFalse(place(to)),
            Instruction::JumpIfFalseOrPop(to) => Instruction::JumpIfFalseOrPop(place(to)),
            Instruction::JumpIfTrueOrPop(to) => Instruction::JumpIfTrueOrPop(place(to)),
            Instruction::BuildMacro(name, at, flags) => Instruction::BuildMacro(name, place(at), *flags),
            other => other.clone(),
        };
        let line = instructions.get_line(index).and_then(|line| u16::try_from(line).ok());
        match line {
            Some(line) => weighed.add_with_line(moved, line),
            None => weighed.add(moved),
        };
    }
    weighed
}

/// Replaces the instructions that make or compare values by calls of functions that weigh these values. The
/// functions' names are no identifiers of the language, so no variable can take their place.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of minijinja's instructions, these are the ones that matter"
)]
fn guard(instructions: &mut Instructions<'_>) -> Result<(), Error> {
    for index in 0.. {
        let Some(instruction) = instructions.get_mut(index) else { break };
        let (name, arguments) = match instruction {
            Instruction::Add => ("+", 2),
            Instruction::Mul => ("*", 2),
            Instruction::StringConcat => ("~", 2),
            Instruction::Eq => ("==", 2),
            Instruction::Ne => ("!=", 2),
            Instruction::Lt => ("<", 2),
            Instruction::Lte => ("<=", 2),
            Instruction::Gt => (">", 2),
            Instruction::Gte => (">=", 2),
            Instruction::In => ("in", 2),
            Instruction::Slice => ("[:]", 4),
            Instruction::BuildList(Some(items)) | Instruction::BuildTuple(Some(items)) => ("[]", *items),
            Instruction::BuildMap(pairs) => ("{}", *pairs * 2),
            Instruction::Include(_) | Instruction::LoadBlocks | Instruction::CallBlock(_) => {
                return Err(refused("it refers to another template"));
            }
            Instruction::CompareAndPreserve(_) => return Err(refused("it has a chain of comparisons")),
            Instruction::UnpackLists(_) | Instruction::MergeKwargs(_) => {
                return Err(refused("it calls something with * or **"));
            }
            _ => continue,
        };
        let arguments = u16::try_from(arguments).map_err(|_| refused("a list in it is too long"))?;
        *instruction = Instruction::CallFunction(name, Some(arguments));
    }
    Ok(())
}
