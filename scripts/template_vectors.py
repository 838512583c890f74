#!/usr/bin/env python3
"""Writes what Hugging Face transformers renders of chat templates as model files of 2026 have them: tests/golden/templates.

The templates below are written for this purpose, in the ways of the models' own (named beside each): their constructs, their
white space control, their order of things. transformers compiles them in its own environment (loop controls, generation blocks,
`tojson`, `strftime_now`, `raise_exception`), and what it writes for a few conversations is what ours has to write.

usage:  pip install "transformers==5.24.0" "jinja2==3.1.6"
        python3 scripts/template_vectors.py [OUT_FILE]
"""
import datetime
import json
import pathlib
import sys

import transformers
import transformers.utils.chat_template_utils as utils

NOW = datetime.datetime(2026, 11, 28, 13, 5, 9)


class Clock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return NOW


TEMPLATES = {
    # Llama 3.1: the date, a system message that is taken out, trimmed contents.
    "strftime_now": """{{- bos_token }}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{{- "Today: " + date_string + ", " + strftime_now("%A %-d %B %y, %H:%M:%S %I %p %j"[:-3]) + "\\n\\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}""",
    # SmolLM 3 and others that are trained on with masks.
    "generation": """{% for message in messages %}
{%- if message['role'] == 'assistant' -%}
{{ '<|im_start|>assistant\\n' }}{% generation %}{{ message['content'] + '<|im_end|>\\n' }}{% endgeneration %}
{%- else -%}
{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}
{%- generation -%} {% endgeneration -%}
{%- endif -%}
{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}""",
    # Dictionaries' methods, as newer templates use them.
    "get": """{% for message in messages %}{{ '[' ~ message.get('role', 'user').title() ~ '] ' ~ message.get('content')
~ message.get('name', '') }}{% if message.get('tool_calls') %}{{ message.tool_calls | tojson }}{% endif %}
{% for key, value in message.items() %}<{{ key }}>{% endfor %}{% for key in message.keys() %}{{ key[0] }}{% endfor %}

{% endfor %}{% if tools is not none %}{{ tools | tojson }}{% endif %}assistant:""",
    # Texts' methods.
    "strings": """{% for message in messages %}{{ message.content.strip().replace('\\r', '') }}|{{
'hello world'.title() }}|{{ message.role.replace('user', 'human').upper() }}|{{ 'a,b,c'.split(',')[-1] }}|{{
'x y'.split() | join('+') }}|{{ message.role.capitalize() }}|{{ '--x--'.lstrip('-') }}{{ '--x--'.rstrip('-') }}|{{
message.role.startswith('u') }}|{{ message.role.endswith('r') }}|{{ message.role.find('s') }}|{{ 'banana'.count('an') }}|{{
', '.join(['a', 'b']) }}
{% endfor %}""",
    # Loop controls.
    "controls": """{% for message in messages %}{% if message.role == 'system' %}{{ message.content }};{% continue %}{% endif %}
{{- loop.index0 }}/{{ loop.length }}:{{ message.content }}{{ ',' if not loop.last else '.' }}
{%- for i in range(9) %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}{% endfor %}
""",
    # Qwen 3: the conversation from its end, namespaces, values without a place.
    "backwards": """{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}
        {%- set content = message.content %}
    {%- else %}
        {%- set content = '' %}
    {%- endif %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {%- set reasoning_content = '' %}
        {%- if message.reasoning_content is string %}
            {%- set reasoning_content = message.reasoning_content %}
        {%- elif '</think>' in content %}
            {%- set reasoning_content = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index and (loop.last or (not loop.last and reasoning_content)) %}
            {{- '<|im_start|>' + message.role + '\\n<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\\n' + content }}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>system\\n' + content + '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}""",
    # Mistral: turns that alternate, filters with tests, macros.
    "macros": """{%- macro turn(role, text, end='') %}[{{ role|upper }}]{{ text }}{{ end }}[/{{ role|upper }}]{% endmacro -%}
{%- set loop_messages = messages | rejectattr('role', 'equalto', 'system') | list %}
{%- set system = messages | selectattr('role', 'eq', 'system') | map(attribute='content') | join('; ') %}
{{- bos_token }}{{ system ~ '|' if system else '' }}
{%- for message in loop_messages %}{{ turn(message['role'], message['content'], eos_token if message.role == 'assistant' else '') }}
{%- endfor %}{{ loop_messages | length }}{{ loop_messages[-1].role }}{{ loop_messages[:1][0]['role'] }}""",
    # Values in JSON, lists, maps, numbers, conditions.
    "values": """{%- set facts = {'b': [1, 2.5, true, none], 'a': {'x': 'é<&>"', 'y': []}} -%}
{{ facts | tojson }}|{{ facts.a | tojson(indent=2) }}|{{ 7 // 2 }} {{ 7 % 3 }} {{ 2 ** 5 }} {{ 3 * 4 + 1 }} {{ '=' }}|{{
[1, 2] + [3] }}|{{ ['b', 'a'] | sort | first }}{{ (['b', 'a'] | last) }}|{{ 'x' in ['x'] }} {{ 'b' in facts }} {{ 1 not in [2] }}|{{
messages | map(attribute='role') | unique | list | length }}|{{ 'abcdef'[1:4] }}{{ 'abcdef'[::-1] }}{{ 'abcdef'[-2:] }}|{{
undefined_thing is defined }}{{ undefined_thing }}|{{ (1, 2)[1] }}|{{ 'a' if messages|length > 1 and messages[0].role == 'system' else 'b' }}
{%- for m in messages %}{{ m.content }}{% endfor %}""",
    # A template that refuses what it does not know.
    "raise": """{% if messages[0].role != 'system' and messages[0].role != 'user' %}{{ raise_exception('a conversation begins with the user') }}{% endif %}
{%- for m in messages %}{{ m.role[0] }}:{{ m.content }} {% endfor %}""",
}

CONVERSATIONS = [
    ["user"],
    ["system", "user"],
    ["system", "user", "assistant", "user"],
    ["assistant", "user"],
]


def main():
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else
                       pathlib.Path(__file__).parent.parent / "tests/golden/templates/renderings.json")
    utils.datetime = Clock
    cases = []
    for name, template in TEMPLATES.items():
        compiled = utils._compile_jinja_template(template)
        for roles in CONVERSATIONS:
            # A message's content is a letter of its own: ours renders placeholders.
            messages = [{"role": role, "content": "abcd"[i] + "ZZ"} for i, role in enumerate(roles)]
            try:
                text = compiled.render(messages=messages, tools=None, documents=None, add_generation_prompt=True,
                                       bos_token="<s>", eos_token="</s>")
            except Exception as error:  # what the template raises
                text = None
                print("%-14s %s: %s" % (name, roles, error))
            cases.append({"template": name, "roles": roles, "text": text})
    made_by = "transformers %s" % transformers.__version__
    whole = {"made_by": made_by, "now": int(NOW.replace(tzinfo=datetime.timezone.utc).timestamp()),
             "templates": TEMPLATES, "cases": cases}
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
