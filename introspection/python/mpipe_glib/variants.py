# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: the mpipe-glib authors
"""Objects of values of the types that no Python object has by itself, with GLib."""

from gi.repository import GLib

from mpipe_glib import values

FILTERED = '(vav)'     # what passes a filter stage: the task, and the latest results of its pipelines


def to_object(variant, typed):
    """`typed`: values are of types that were declared, so that nothing in them is a pickle."""
    kind = variant.get_type_string()
    if kind == FILTERED:
        task, latest = variant.get_child_value(0), variant.get_child_value(1)
        return (to_object(task.get_variant(), typed),
                [to_object(latest.get_child_value(i).get_variant(), typed) for i in range(latest.n_children())])
    if not values.is_known(kind) or typed and kind[0] == '(':
        return variant.unpack()
    data = variant.get_data_as_bytes().get_data()
    return values.decode(kind, data if data is not None else b'')


def from_object(type_string, value):
    try:
        return GLib.Variant(type_string, value)
    except (TypeError, OverflowError, ValueError) as error:
        raise TypeError(f'a value of type “{type_string}” is wanted, {type(value).__name__} is no such: '
                        f'{error}') from error


def pack(type_string, value):
    """The type of `value`, which may be a GLib.Variant, and the parts of its bytes."""
    variant = value if isinstance(value, GLib.Variant) else from_object(type_string, value)
    data = variant.get_data_as_bytes().get_data()
    return variant.get_type_string(), [data if data is not None else b'']


def unpack(type_string, data, typed):
    """The object of bytes that came from another process."""
    variant = GLib.Variant.new_from_bytes(GLib.VariantType(type_string), GLib.Bytes.new(bytes(data)), False)
    if not variant.is_normal_form():
        raise ValueError(f'the task is not a value of type “{type_string}”')
    return to_object(variant, typed)
