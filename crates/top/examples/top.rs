//! The screen with the state of a server on a busy day, for looking at: `cargo run -p offhook-top --example
//! top`. With `--once`, as text; with `--svg`, as a picture; with `--panic`, a thread panics after two
//! seconds.

use std::error::Error;
use std::io;
use std::thread::sleep;
use std::time::Duration;

use offhook_top::{Options, State, run, svg, text};

fn main() -> Result<(), Box<dyn Error>> {
    let state: State = serde_json::from_str(include_str!("../tests/top/realistic.json"))?;
    let argument = std::env::args().nth(1).unwrap_or_default();
    let number = |n| std::env::args().nth(n).and_then(|number| number.parse().ok());
    let (width, height) = (number(2).unwrap_or(100), number(3).unwrap_or(30));
    match argument.as_str() {
        "--once" => io::Write::write_all(&mut io::stdout(), text(&state, width.into()).as_bytes())?,
        "--svg" => io::Write::write_all(&mut io::stdout(), svg(&state, width, height).as_bytes())?,
        _ => {
            let mut asked = 0;
            let fetch = move || {
                asked += 1;
                // Now and then a server is slow, and then gone.
                sleep(Duration::from_millis(if asked % 10 == 9 { 5000 } else { 20 }));
                assert!(argument != "--panic" || asked < 3, "as was wanted");
                if asked % 10 == 0 {
                    Err("nobody listens at 127.0.0.1:8080".to_owned())
                } else {
                    Ok(state.clone())
                }
            };
            run(fetch, Options { colour: std::env::var_os("NO_COLOR").is_none(), ..Options::default() })?;
        }
    }
    Ok(())
}
