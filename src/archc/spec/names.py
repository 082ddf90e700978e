"""Which names children, values and networks may have: an allow-list."""

import keyword
import re

from archc.diagnostics import Advice, Code, Edit, RuleViolation, did_you_mean, meant
from archc.expressions.tokens import KEYWORDS
from archc.spec.source import MAX_NAME

_CHILD = re.compile(r"_?[A-Za-z][A-Za-z0-9_-]*|[0-9]+")
_FORMATTED = re.compile(r"""[fF](['"])(.*)\1""")
_STATEMENTS = ("for", "if", "elif", "let")
"""The words that begin a key of several words."""
_NETWORK = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# The attributes of `torch.nn.Module` that a child of the same name would hide; a test
# compares the list with torch's own.
MODULE_ATTRIBUTES = frozenset(
    """
    T_destination _apply _backward_hooks _backward_pre_hooks _buffers _call_impl
    _compiled_call_impl _forward_hooks _forward_hooks_always_called _forward_hooks_with_kwargs
    _forward_pre_hooks _forward_pre_hooks_with_kwargs _get_backward_hooks
    _get_backward_pre_hooks _get_name _is_full_backward_hook _load_from_state_dict
    _load_state_dict_post_hooks _load_state_dict_pre_hooks _maybe_warn_non_full_backward_hook
    _modules _named_members _non_persistent_buffers_set _parameters
    _register_load_state_dict_pre_hook _register_state_dict_hook _replicate_for_data_parallel
    _save_to_state_dict _slow_forward _state_dict_hooks _state_dict_pre_hooks _version
    _wrapped_call_impl add_module apply bfloat16 buffers call_super_init children compile cpu
    cuda double dump_patches eval extra_repr float forward get_buffer get_extra_state
    get_parameter get_submodule half ipu load_state_dict modules mtia named_buffers
    named_children named_modules named_parameters parameters register_backward_hook
    register_buffer register_forward_hook register_forward_pre_hook register_full_backward_hook
    register_full_backward_pre_hook register_load_state_dict_post_hook
    register_load_state_dict_pre_hook register_module register_parameter
    register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ set_extra_state
    set_submodule share_memory state_dict to to_empty train training type xpu zero_grad
    """.split()
)


def meant_by(name: str) -> tuple[str, ...]:
    """Return the names that `self.conv`, `f'conv{i}'`, `out, hidden` and `conv::` stand for."""
    if found := _FORMATTED.fullmatch(name):
        return (found[2],)
    parts = [part.strip(" :") for part in name.split(",")]
    return tuple(part.removeprefix("self.") for part in parts if part)


def check_child_key(key: str) -> None:
    """Refuse the key of a child that cannot become a name, whatever its braces hold.

    Raises:
        RuleViolation: the key is no name, nor is what Python writes in its place.
    """
    if _FORMATTED.fullmatch(key):
        (plain,) = meant_by(key)
        raise RuleViolation(
            Code.BAD_NAME,
            f"`{key}` is a string of Python's, and every key expands its braces",
            help=Advice(f"write `{plain}`", Edit(plain, key)),
        )
    if "{" not in key:
        check_child_name(key)


def _statement_meant(key: str) -> str:
    """Return the question which word of the language a key begins with: `lte h`, `For i in n`."""
    word, *rest = key.split(" ")
    if not rest or word in _STATEMENTS:
        return ""
    if word.lower() in _STATEMENTS:
        return did_you_mean(word, word.lower())
    return meant(word, _STATEMENTS, is_closed=True)


def _advice(name: str) -> str:
    """Return what was probably meant by a name that cannot be one."""
    if question := _statement_meant(name):
        return question
    if len(meant_by(name)) > 1:
        return "give the line one name; its further results have names: `lstm.h_n`"
    plain = name.removeprefix("self.")
    if plain != name and _CHILD.fullmatch(plain):
        return Advice(f"there is no `self`: write `{plain}`", Edit(plain, name))
    if name.endswith(":"):
        return Advice("there is one colon too many", Edit(name.rstrip(":"), name))
    head, dot, rest = name.partition(".")
    if dot and head and rest:
        return f"a dot parts levels: write `{head}:`, and below it, indented, `{rest}:`"
    return "use a letter, then letters, digits, `_` or `-`; or digits alone"


def check_child_name(name: str) -> None:
    """Refuse a name that would break an `nn.Module` or its keys.

    Raises:
        RuleViolation: the name is not on the allow-list.
    """
    if not _CHILD.fullmatch(name):
        raise RuleViolation(
            Code.BAD_NAME,
            f"`{name}` cannot name a child",
            help=_advice(name),
        )
    if len(name) > MAX_NAME:
        raise RuleViolation(Code.BAD_NAME, f"a name longer than {MAX_NAME} characters")
    if keyword.iskeyword(name) or name in MODULE_ATTRIBUTES:
        what = "a word of Python" if keyword.iskeyword(name) else "an attribute of every nn.Module"
        raise RuleViolation(
            Code.BAD_NAME, f"`{name}` is {what}", help=f"write `{name}_` or a longer name"
        )


def check_network_name(name: str) -> None:
    """Refuse a network's name that is no identifier.

    Raises:
        RuleViolation: not letters, digits and underscores, or too long.
    """
    if not _NETWORK.fullmatch(name) or len(name) > MAX_NAME or keyword.iskeyword(name):
        raise RuleViolation(
            Code.BAD_NAME,
            f"`{name}` cannot name a network",
            help=f"use letters, digits and underscores, a letter first, at most {MAX_NAME}",
        )


def is_identifier(text: str) -> bool:
    """Return whether a text can be a name in an expression."""
    return text.isascii() and text.isidentifier() and text not in KEYWORDS
