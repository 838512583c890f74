//! Tests of templates that try to take all memory, all of the stack or all time. Each is refused, and the
//! process lives on.

use super::*;

/// Renders the template with two messages, and returns why it was refused.
fn complaint(source: &str) -> String {
    let template = ChatTemplate::dated(source, "<s>", "</s>", || std::time::Duration::ZERO);
    let talk = [Role::System, Role::User].map(|role| Message { role, text: "hello".into() });
    template.render(&talk).err().unwrap_or_else(|| panic!("{source:.300} was rendered"))
}

/// Fault: of 50 templates in a stranger's file, ten took memory until the process was aborted.
#[test]
fn a_template_that_wants_all_memory_is_refused() {
    let text = "x".repeat(8000);
    let texts = vec![text.as_str(); 30].join("{# #}");
    for source in [
        format!("{{% for a in range(300) %}}{texts}{{% endfor %}}"),
        format!("{{% for a in range(3000) %}}{text}{{% endfor %}}"),
    ] {
        complaint(&source);
    }
    for source in [
        "{{ 'x' * 1000000000 }}",
        "{{ ('x' * 10000) * 10000 }}",
        "{% set n = 100000000 %}{{ 'x' * n }}",
        "{% set n = 10000 %}{% set a = 'x' * n %}{% set a = a * n %}{{ a * n }}",
        "{{ [0] * 100000000 }}",
        "{% set ns = namespace(s='xxxxxxxxxx') %}{% for i in range(64) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
        "{% set ns = namespace(s='xxxxxxxxxx') %}{% for i in range(64) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(64) %}{% set ns.l = ns.l + ns.l %}{% endfor %}{{ ns.l }}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(64) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}",
        "{% set ns = namespace(s='ab') %}{% for i in range(64) %}{% set ns.s = ns.s|replace('', ns.s) %}{% endfor %}",
        "{% set ns = namespace(s='ab') %}{% for i in range(64) %}{% set ns.s = ns.s.replace('', ns.s) %}{% endfor %}",
        "{% set ns = namespace(s='ab') %}{% for i in range(64) %}{% set ns.s = ns.s|list|join(ns.s) %}{% endfor %}",
        "{% set ns = namespace(s='ab') %}{% for i in range(64) %}{% set ns.s = ns.s.join([ns.s,ns.s]) %}{% endfor %}",
        "{% set ns = namespace(s='ab') %}{% for i in range(64) %}{% set t %}{{ ns.s }}{{ ns.s }}{% endset %}\
         {% set ns.s = t %}{% endfor %}",
        "{% set ns = namespace(s='ab') %}{% for i in range(64) %}{% filter upper %}{{ ns.s }}{% endfilter %}\
         {% set ns.s = '%s%s'|format(ns.s, ns.s) %}{% endfor %}",
        "{% set ns = namespace(s='a\n') %}{% for i in range(64) %}{% set ns.s = ns.s ~ ns.s|indent(9999) %}{% endfor %}",
        "{{ 'x'|indent(1000000000) }}",
        "{{ '%1000000000d'|format(1) }}",
        "{{ '{:1000000000}'.format(1) }}",
        "{{ [1]|batch(1000000000, 0)|list }}",
        "{{ range(1000000000)|list }}",
        "{% for i in range(9999) %}{% for j in range(9999) %}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{% endfor %}{% endfor %}",
        "{% macro m(n) %}{{ n }}{{ m(n ~ n) }}{{ m(n ~ n) }}{% endmacro %}{{ m('x') }}",
        "{% set ns = namespace(m={}) %}{% for i in range(64) %}{% set ns.m = {'a': ns.m, 'b': ns.m} %}{% endfor %}\
         {{ ns.m|tojson }}",
        "{{ messages|map('replace', '', 'xxxxxxxxxxxxx')|join(range(9999)|join('x')) * 99 }}",
    ] {
        complaint(source);
    }
    complaint(&"{{ 'x' * 1000 }}".repeat(100_000));
    complaint(&format!("{{% for i in range(9999) %}}{}{{% endfor %}}", "x".repeat(100_000)));
}

/// Fault: seven of the 50 overflowed the stack, which ends the process.
#[test]
fn a_template_that_nests_without_end_is_refused() {
    for source in [
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m(x) %}{{ caller() }}{% call m(x) %}{{ m(x) }}{% endcall %}{% endmacro %}{% call m(1) %}{% endcall %}",
        "{% for m in messages recursive %}{{ loop(messages) }}{% endfor %}",
        "{% include 'chat' %}",
        "{% extends 'chat' %}",
        "{% import 'chat' as c %}{{ c }}",
        "{% block a %}{{ self.a() }}{% endblock %}",
        "{% set ns = namespace() %}{% set ns.a = ns %}{{ ns }}",
        "{% set ns = namespace() %}{% set ns.a = ns %}{{ ns ~ '' }}",
        "{% set ns = namespace() %}{% set ns.a = ns %}{{ ns == ns }}",
        "{% set ns = namespace() %}{% set ns.a = ns %}{{ [ns]|tojson }}",
        "{% set ns = namespace() %}{% set ns.a = ns %}{{ {ns: 1} }}",
        "{% set ns = namespace() %}{% set ns.a = ns %}{{ messages[0][ns] }}{{ ns in [ns] }}",
        "{% set ns = namespace(l=[]) %}{% for i in range(9999) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}",
        "{% set h = namespace(x=0) %}{% for i in range(9999) %}{% set t = namespace() %}{% set t.a = h.x %}\
         {% set h.x = t %}{% endfor %}{{ h }}",
        "{% set h = namespace(x=[1, 2]) %}{% for i in range(9999) %}{% set h.x = h.x[0:] %}{% set h.x = h.x|reverse %}\
         {% endfor %}{{ h.x }}",
    ] {
        complaint(source);
    }
    let nested = |open: &str, middle: &str, close: &str, times: usize| {
        [&open.repeat(times), middle, &close.repeat(times)].concat()
    };
    for times in [200, 5000] {
        complaint(&nested("{% if 1 %}", "x", "{% endif %}", times));
        complaint(&format!("{{{{ {} }}}}", nested("(", "1", ")", times)));
        complaint(&format!("{{{{ {} }}}}", nested("[", "1", "]", times)));
        complaint(&format!("{{{{ {}1 }}}}", "not ".repeat(times)));
        complaint(&format!("{{{{ {}1 }}}}", "-".repeat(times)));
    }
    complaint(&format!("{{{{ 1{} }}}}", "~1".repeat(100_000)));
    complaint(&format!("{{{{ 1{} }}}}", " if 1 else 1".repeat(5000)));
    complaint(&format!("{{{{ x{} }}}}", ".a".repeat(100_000)));
    complaint(&format!("{{{{ x{} }}}}", "|trim".repeat(100_000)));
    complaint(&format!("{{% if 0 %}}{}{{% endif %}}", "{% elif 0 %}".repeat(15_000)));
}

/// Fault: four of the 50 never ended.
#[test]
fn a_template_that_never_ends_is_refused() {
    for test in ["lower", "upper", "startingwith('[')", "endingwith('x')"] {
        complaint(&format!(
            "{{% set l = range(10000)|list|string %}}{{% for a in range(6000) %}}{{% if l is {test} %}}{{% endif %}}{{% endfor %}}"
        ));
    }
    for source in [
        "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{% endfor %}{% endfor %}{% endfor %}",
        "{% for a in range(9999) %}{% for b in range(9999) %}{% continue %}{% endfor %}{% endfor %}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(30) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}\
         {{ ns.l == ns.l }}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(30) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}\
         {{ [ns.l, ns.l]|sort|unique|list|length }}",
        "{% macro m() %}{% for i in range(9999) %}{{ m() }}{% endfor %}{% endmacro %}{{ m() }}",
        "{{ ('a' ~ 'b') in (range(9999)|join('x')) }}{% for i in range(9999) %}{{ range(9999)|sum }}{% endfor %}",
    ] {
        complaint(source);
    }
    let text = "a".repeat(8000);
    complaint(&format!("{{% for i in range(9999) %}}{{{{ '{text}' == '{text}b' }}}}{{% endfor %}}"));
}

/// Fault: a template may behave otherwise with many messages than with the few that it was checked with.
#[test]
fn a_template_that_goes_wild_in_a_long_conversation_fails_that_conversation() {
    let source = "{% for m in messages %}{{ m.content }}{% endfor %}{% if messages|length > 20 %}\
        {% set ns = namespace(s='xxxxxxxxxx') %}{% for i in range(64) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}{% endif %}";
    let template =
        ChatTemplate::new(Some(source), Architecture::Llama, "", "", || std::time::Duration::ZERO, false)
            .unwrap()
            .unwrap();
    let role = |i| if i % 2 == 0 { Role::User } else { Role::Assistant };
    let talk: Vec<Message> = (0..21).map(|i| Message { role: role(i), text: "hello".into() }).collect();
    assert!(template.render(&talk[1..]).is_ok());
    assert!(template.render(&talk).unwrap_err().contains("more text and lists than a conversation takes"));
}

/// A conversation of any length that fits a context is rendered.
#[test]
fn a_long_conversation_is_no_hostile_template() {
    for (name, source) in BUILT_IN.iter().filter(|(name, _)| *name != "gemma3") {
        let template = ChatTemplate::dated(source, "<s>", "</s>", || std::time::Duration::ZERO);
        let talk = vec![Message { role: Role::User, text: "hello".into() }; 1000];
        assert!(template.render(&talk).is_ok(), "{name}");
    }
}
