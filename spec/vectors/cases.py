"""The inputs of the vectors, chosen by hand; make.py works out what they give."""

from __future__ import annotations

from typing import Any

CANONICAL: list[tuple[str, str]] = [
    ("keys are sorted and spaces go", '{ "b" : 1, "a" : [ 1 , 2 ] }'),
    (
        "keys are sorted by code point, not by UTF-16 unit",
        '{"\\ud83d\\ude00":1,"\\uffff":2,"\\u00e9":3,"z":4,"Z":5,"":6}',
    ),
    ("keys are sorted at every depth", '{"a":{"d":1,"c":{"f":1,"e":2}},"A":[{"y":1,"x":2}]}'),
    ("numbers in keys are text", '{"10":1,"9":2,"1":3}'),
    ("empty containers", '{"a":{},"b":[],"c":"","d":[{}],"e":[[]]}'),
    ("null, true and false", "[null,true,false]"),
    ("short escapes", '"\\u0008\\u0009\\u000a\\u000c\\u000d\\u0022\\u005c"'),
    ("other control characters", '"\\u0000\\u0001\\u000b\\u000e\\u001f"'),
    ("a slash, DEL and C1 controls stand bare", '"\\/ \\u007f \\u0080 \\u0085"'),
    ("line separators stand bare", '"\\u2028\\u2029"'),
    ("no escapes beyond ASCII", '"\\u00fc \\u20ac \\u65e5\\u672c \\ud83d\\ude00 \\ufeff \\ufffe"'),
    ("characters that other encoders escape", '"<a href=\\"\\u0026\\">\\u0027"'),
    ("a float keeps its point", "[1.0,0.0,100.0,-3.0]"),
    ("an integer has none", "[1,0,100,-3]"),
    ("minus zero", "[-0.0,-0]"),
    (
        "an integer beyond 64 bits",
        "[18446744073709551616,-9223372036854775809,1000000000000000000000000000000]",
    ),
    ("an integer beyond 2^53", "[9007199254740993]"),
    ("an exponent makes a float", "[1e0,1E2,1e+3,10e-1]"),
    ("small floats in decimal notation", "[0.00001,0.000012345,1e-5,0.0001]"),
    ("smaller ones with an exponent", "[0.000009999,1e-6,1.5e-7,-1.5e-10,1e-10,1e-100]"),
    ("large floats in decimal notation", "[1e15,9999999999999998.0,1234567890123456.0,123456.789]"),
    ("larger ones with an exponent", "[1e16,12345678901234567.0,1e21,1e22,1e23,1e100,-1e16]"),
    ("shortest digits", "[0.1,0.30000000000000004,3.141592653589793,0.10000000000000000555,4.35]"),
    ("the ends of the double range", "[5e-324,2.2250738585072014e-308,1.7976931348623157e308]"),
    ("a float that cannot be told from zero", "[1e-400]"),
    ("a float of an integer beyond 2^53", "[9007199254740993.0]"),
]

REFUSED_LINES: list[tuple[str, str, str]] = [
    ("a float beyond the double range", '{"id":"a","x":1e309}', "json.number"),
    ("one key twice", '{"id":"a","x":1,"x":1}', "json.duplicate-key"),
    ("one key twice, spelt differently", '{"id":"a","x":1,"\\u0078":2}', "json.duplicate-key"),
    ("one key twice, further in", '{"id":"a","x":{"y":1,"y":2}}', "json.duplicate-key"),
    ("half of a surrogate pair", '{"id":"a","x":"\\ud83d"}', "json.lone-surrogate"),
    ("half of a surrogate pair in a key", '{"id":"a","\\udc00":1}', "json.lone-surrogate"),
    ("a list", '["id","a"]', "json.malformed"),
    ("two objects", '{"id":"a"} {"id":"b"}', "json.malformed"),
    ("a trailing comma", '{"id":"a",}', "json.malformed"),
    ("a bare control character", '{"id":"a\tb"}', "json.malformed"),
    ("a leading zero", '{"id":"a","x":01}', "json.malformed"),
    ("single quotes", "{'id':'a'}", "json.malformed"),
]

_ANN = (
    '{"kind":"entity","external_system":"demo","external_id":"1",'
    '"name":"Ann","entity_type":"Person"}'
)

ARCHIVES: list[dict[str, Any]] = [
    {"name": "an empty archive", "members": {}},
    {"name": "one entity", "members": {"entities.jsonl": [_ANN]}},
    {"name": "a record twice counts twice", "members": {"entities.jsonl": [_ANN, _ANN]}},
    {
        "name": "the same entity as cognee writes it: empty fields, other key order",
        "members": {
            "entities.jsonl": [
                '{"external_system": "demo", "external_id": "1", "scope": {}, "metadata": {},'
                ' "kind": "entity", "name": "Ann", "entity_type": "Person",'
                ' "aliases": [], "attributes": {}}'
            ]
        },
    },
    {
        "name": "the same entity with nulls, and without its kind",
        "members": {
            "entities.jsonl": [
                '{"external_system":"demo","external_id":"1","name":"Ann","entity_type":"Person",'
                '"description":null,"created_at":null,"scope":{"user_id":null}}'
            ]
        },
    },
    {
        "name": "an empty text is a value",
        "members": {
            "entities.jsonl": ['{"external_id":"1","name":"Ann","description":"","entity_type":""}']
        },
    },
    {
        "name": "a missing external_system is written",
        "members": {"memories.jsonl": ['{"external_id":"m1","content":"likes tea"}']},
    },
    {
        "name": "null and empty are values inside attributes, metadata and unknown fields",
        "members": {
            "entities.jsonl": [
                '{"external_id":"1","name":"Ann","attributes":{"a":null,"b":[],"c":{}},'
                '"metadata":{"d":null},"shoe":null,"hats":[],"coats":{}}'
            ]
        },
    },
    {
        "name": "timestamps of a record are instants",
        "members": {
            "documents.jsonl": [
                '{"external_id":"d","content":"x","created_at":"2026-01-02T03:04:05+02:00",'
                '"updated_at":"2026-01-02 03:04:05.5",'
                '"metadata":{"created_at":"2026-01-02T03:04:05+02:00"}}'
            ]
        },
    },
    {
        "name": "a turn is made of fields too",
        "members": {
            "episodes.jsonl": [
                '{"external_id":"e","turns":[{"role":"user","content":"","occurred_at":null,"mood":null},'
                '{"role":"ann","content":"hi","occurred_at":1546398245}]}'
            ]
        },
    },
    {
        "name": "confidence is a float, limit an integer",
        "members": {
            "facts.jsonl": [
                '{"external_id":"f","subject_ref":"1","predicate":"knows","object_ref":"2","confidence":1}'
            ],
            "memory_blocks.jsonl": [
                '{"external_id":"b","label":"persona","value":"kind","limit":2000}'
            ],
        },
    },
    {
        "name": "a raw node is hashed under its kind, and nothing in it is left out",
        "members": {
            "nodes.jsonl": [
                '{"type": "NodeSet", "id": "n1", "name": null, "tags": [],'
                ' "rank": 1.0, "size": 1152921504606846976}'
            ]
        },
    },
    {
        "name": "a document and a raw node with one id are two records",
        "members": {
            "documents.jsonl": ['{"external_system":"cognee","external_id":"c1","content":"text"}'],
            "nodes.jsonl": ['{"id":"c1","text":"text","type":"DocumentChunk"}'],
        },
    },
    {
        "name": "NaN and Infinity are typed floats",
        "typed": False,
        "members": {"nodes.jsonl": ['{"id":"n","a":NaN,"b":[Infinity,{"c":-Infinity}]}']},
    },
    {
        "name": "typed values stand as they are",
        "members": {
            "entities.jsonl": [
                '{"external_id":"1","name":"Ann","attributes":{"born":{"$cogx":"date","value":"1990-05-17"},'
                '"later":{"$cogx":"a-tag-of-tomorrow","value":[1,{"x":2}]}}}'
            ]
        },
    },
    {
        "name": "without our manifest key a $cogx object is data and is wrapped",
        "typed": False,
        "members": {
            "nodes.jsonl": [
                '{"id":"n","a":{"$cogx":"date","value":"1990-05-17"},"b":[{"$cogx":{"$cogx":1}}]}'
            ]
        },
    },
    {
        "name": "with it, a wrapped object is data",
        "members": {
            "nodes.jsonl": [
                '{"id":"n","a":{"$cogx":"object","value":{"$cogx":"date","value":"1990-05-17"}}}'
            ]
        },
    },
    {
        "name": "a property that is called $cogx is no value itself",
        "members": {
            "entities.jsonl": [
                '{"external_id":"1","name":"Ann","attributes":{"$cogx":"date","value":"x"}}'
            ]
        },
    },
    {
        "name": "declared value types are written inline before hashing",
        "value_types": [
            {
                "kind": "entity",
                "type": "Person",
                "field": "attributes",
                "key": "born",
                "value_type": "date",
            },
            {
                "kind": "raw_node",
                "type": "",
                "field": "properties",
                "key": "took",
                "value_type": "duration",
            },
            {
                "kind": "fact",
                "type": "paid",
                "field": "metadata",
                "key": "sum",
                "value_type": "decimal",
            },
        ],
        "members": {
            "nodes.jsonl": [
                '{"id":"n","took":"P1DT5S"}',
                '{"id":"m","type":"Job","took":"P1DT5S"}',
            ],
            "entities.jsonl": [
                '{"external_id":"1","name":"Ann","entity_type":"Person","attributes":{"born":"1990-05-17"}}',
                '{"external_id":"2","name":"Bob","entity_type":"Person",'
                '"attributes":{"born":{"$cogx":"string","value":"in May"}}}',
                '{"external_id":"3","name":"Cay","entity_type":"Person","attributes":{"born":null}}',
                '{"external_id":"4","name":"Dog","entity_type":"Animal","attributes":{"born":"1990-05-17"}}',
            ],
            "facts.jsonl": [
                '{"external_id":"f","subject_ref":"1","predicate":"paid","object_ref":"2","metadata":{"sum":"12.50","in":["12.50"]}}'
            ],
        },
    },
    {
        "name": "the same values inline have the same digests",
        "members": {
            "entities.jsonl": [
                '{"external_id":"1","name":"Ann","entity_type":"Person","attributes":{"born":{"$cogx":"date","value":"1990-05-17"}}}'
            ],
            "nodes.jsonl": ['{"id":"n","took":{"$cogx":"duration","value":"P1DT5S"}}'],
        },
    },
    {
        "name": "line separators are data, CR LF and blank lines are not",
        "members": {
            "memories.jsonl": [
                '{"external_id":"m","content":"one\\u2028two\u2029three\u0085four"}\r',
                "",
            ]
        },
    },
    {
        "name": "the sums are taken modulo 2^256",
        "members": {"nodes.jsonl": [f'{{"id":"{number}"}}' for number in range(5)]},
    },
]

TIMESTAMPS: list[tuple[str, str | int | float]] = [
    ("output form", "2026-01-02T03:04:05Z"),
    ("output form with microseconds", "2026-01-02T03:04:05.000600Z"),
    ("lower-case letters", "2026-01-02t03:04:05z"),
    ("a space for the T", "2026-01-02 03:04:05Z"),
    ("a space before the offset", "2026-01-02T03:04:05 +02:00"),
    ("no seconds", "2026-01-02T03:04Z"),
    ("a date", "2026-01-02"),
    ("naive", "2026-01-02T03:04:05"),
    ("naive with a fraction", "2026-01-02 03:04:05.5"),
    ("milliseconds", "2026-01-02T03:04:05.123Z"),
    ("a fraction of zeros", "2026-01-02T03:04:05.000Z"),
    ("nanoseconds that are zero", "2026-01-02T03:04:05.123456000Z"),
    ("nanoseconds are cut, not rounded", "2026-01-02T03:04:05.123456999Z"),
    ("thirty fraction digits", "2026-01-02T03:04:05." + "1" * 30 + "Z"),
    ("an offset", "2026-01-02T03:04:05+05:30"),
    ("an offset without colon", "2026-01-02T03:04:05-0330"),
    ("an offset of hours", "2026-01-02T03:04:05+05"),
    ("the largest offset", "2026-01-02T03:04:05+23:59"),
    ("minus zero", "2026-01-02T03:04:05-00:00"),
    ("a leap day", "2024-02-29T12:00:00Z"),
    ("the first instant", "0001-01-01T00:00:00Z"),
    ("the last instant", "9999-12-31T23:59:59.999999Z"),
    ("seconds since 1970", 1546398245),
    ("a float of seconds", 1546398245.5),
    ("milliseconds since 1970", 1546398245678),
    ("microseconds since 1970", 1546398245678901),
    ("nanoseconds since 1970", 1546398245678901234),
    ("the largest number of seconds", 20000000000),
    ("one more is milliseconds", 20000000001),
    ("zero", 0),
    ("before 1970", -1.5),
    ("digits in a text", "1546398245678"),
    ("a decimal number in a text", "1546398245.25"),
    ("a sign in a text", "+10"),
    ("eight digits are a number, not a date", "20260102"),
    ("four digits are a number, not a year", "2026"),
    ("half a microsecond goes to the even one", 0.0000005),
    ("empty", ""),
    ("a word", "yesterday"),
    ("an exponent in a text", "1e9"),
    ("one digit for the month", "2026-1-02"),
    ("no such day", "2026-02-29"),
    ("hour 24", "2026-01-02T24:00:00Z"),
    ("a leap second", "2016-12-31T23:59:60Z"),
    ("an hour alone", "2026-01-02T03Z"),
    ("an offset on a date", "2026-01-02Z"),
    ("an offset of a day", "2026-01-02T03:04:05+24:00"),
    ("an offset of 60 minutes", "2026-01-02T03:04:05+01:60"),
    ("a comma for the point", "2026-01-02T03:04:05,5Z"),
    ("a point without fraction", "2026-01-02T03:04:05.Z"),
    ("spaces around", " 2026-01-02"),
    ("two spaces before the offset", "2026-01-02T03:04:05  Z"),
    ("the year 0", "0000-01-01T00:00:00Z"),
    ("before the year 1 in UTC", "0001-01-01T00:00:00+01:00"),
    ("after the year 9999 in UTC", "9999-12-31T23:59:59-01:00"),
    ("five digits for the year", "12026-01-02T03:04:05Z"),
    ("a week date", "2026-W01-1"),
    ("digits of another script", "\u0662\u0660\u0662\u0666-01-02"),
    ("thirty-one digits", "1" * 31),
]

ENTITY_IDS: list[tuple[str, str, str]] = [
    ("Alice", "afc75e41-4df3-5db9-907e-dcf55750efec", "aebfc131-797b-58e8-a145-b892aa7f54a0"),
    ("Alice Smith", "f41111b6-d043-51c1-914b-b2f5d73f6bd7", "15b5bab0-9eeb-5e9b-be73-b4fb5f1c894f"),
    ("O'Brien", "bb182ce2-413b-576f-b420-e70a1becdaac", "57d18f1a-3882-5c90-89ce-cd7680b5c764"),
    (
        "ALICE  smith",
        "9a2198bb-353f-5185-a15a-0f50fdf306a1",
        "abdaebf8-ab49-5542-9ee6-909643a117ad",
    ),
    (
        "\u00dcn\u00efcode \u00c9",
        "5f56161c-2a0f-5545-9093-4dfc87711f0c",
        "31a84de7-5f92-5775-959d-cb423df14dd6",
    ),
    ("a|b", "0f23685b-5e27-5ee7-9d55-6dbd6bf02a85", "214d0b16-1fdd-5bb6-8187-d4078044db64"),
    (" Alice ", "d3bc108a-1968-5bcf-b709-7549db916868", "eec5c680-d8d4-5692-a985-3215c8146403"),
]
"""Name, id of the entity, id of the entity type: as cognee 1.6.5 gives them."""

FOLDED: list[tuple[str, str | None]] = [
    ("Ann Lee", None),
    (" Ann \t\u00a0 LEE\u3000", None),
    ("\uff21nn Lee", ""),
    ("Ann Lee", "Person"),
    ("ANN LEE", "\u2003person "),
    ("Ann Lee", "Dog"),
    ("O'Brien", None),
    ("O\u2019BRIEN", None),
    ("O\u02bcBrien", None),
    ("O\uff07Brien", None),
    ("O\u00b4Brien", None),
    ("OBrien", None),
    ("Stra\u00dfe", None),
    ("STRASSE", None),
    ("\ufb01le \u2460", None),
    ("Ren\u00e9", None),
    ("Rene\u0301", None),
    ("Rene", None),
    ("\u0130stanbul", None),
    ("\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2", None),
    ("Ann-Lee", None),
    ("Ann_Lee", None),
    ("a\u001fb", None),
    ("a\u2028b", "a\nb"),
    ("'", None),
    (" \u2019 ", "'"),
]
"""Name and type, from which the folded rule makes ids."""

NODES: list[tuple[str, str]] = [
    ("mem0", "m1"),
    ("zep", "m1"),
    ("mem0", "6ba7b812-9dad-11d1-80b4-00c04fd430c8"),
    ("mem0", "6BA7B812-9DAD-11D1-80B4-00C04FD430C8"),
    ("mem0", "{6ba7b812-9dad-11d1-80b4-00c04fd430c8}"),
    ("unknown", "\u00fc \u2028"),
]
"""source_system and id of a node, from which the ``cognee`` profile makes its UUID."""

FACTS: list[dict[str, Any]] = [
    {
        "subject_ref": "ann",
        "predicate": "works_at",
        "object_ref": "acme",
        "valid_at": "2020-01-01T00:00:00Z",
    },
    {
        "subject_ref": "ann",
        "predicate": "works_at",
        "object_ref": "acme",
        "valid_at": "2024-01-01T00:00:00Z",
    },
    {"subject_ref": "ann", "predicate": "works_at", "object_ref": "acme"},
    {"subject_ref": "acme", "predicate": "works_at", "object_ref": "ann"},
    {"subject_ref": "ann:works_at", "predicate": "acme", "object_ref": "x"},
    {"subject_ref": "ann", "predicate": "works_at:acme", "object_ref": "x"},
]
"""Edges without ids, in the order in which a writer meets them."""

TYPED_TEXTS: list[tuple[str, str, bool, str | None]] = [
    ("datetime", "2026-01-02T03:04:05Z", True, None),
    ("datetime", "2026-01-02T03:04:05.000600Z", True, None),
    ("datetime", "2026-01-02T03:04:05", True, None),
    ("datetime", "2026-01-02T03:04:05+05:30", True, None),
    ("datetime", "2026-01-02T03:04:05.500000-03:30", True, None),
    ("datetime", "2026-01-02T03:04:05+00:00", False, None),
    ("datetime", "2026-01-02T03:04:05.000000Z", False, None),
    ("datetime", "1890-01-02T03:04:05+00:09:21", True, None),
    ("datetime", "2026-01-02T03:04:05+24:00", False, None),
    ("datetime", "2026-01-02T03:60:05", False, None),
    ("datetime", "2026-01-02", False, None),
    ("datetime", "2026-02-30T03:04:05Z", False, None),
    ("datetime", "2026-01-02T24:00:00Z", False, None),
    ("datetime", "", False, None),
    ("date", "2026-01-02", True, None),
    ("date", "0001-01-01", True, None),
    ("date", "2026-02-29", False, None),
    ("date", "2026-1-2", False, None),
    ("date", "2026-01-02T00:00:00", False, None),
    ("time", "03:04:05", True, None),
    ("time", "23:59:59.999999", True, None),
    ("time", "03:04:05+02:00", True, None),
    ("time", "24:00:00", False, None),
    ("time", "noon", False, None),
    ("duration", "P0DT0S", True, None),
    ("duration", "P1DT3600S", True, None),
    ("duration", "-P1DT0.000001S", True, None),
    ("duration", "P999999999DT86399.999999S", True, None),
    ("duration", "P", False, None),
    ("duration", "P1Y", False, None),
    ("duration", "PT1.5S", False, None),
    ("duration", "P1000000000DT0S", False, None),
    ("bytes", "", True, None),
    ("bytes", "AAEC/w==", True, None),
    ("bytes", "+/8=", True, None),
    ("bytes", "AAEC/w", False, None),
    ("bytes", "AAEC_w==", False, None),
    ("bytes", "AA EC", False, None),
    ("decimal", "12.50", True, None),
    ("decimal", "-0.00", True, None),
    ("decimal", "1E+10", True, None),
    ("decimal", "1E-10", True, None),
    ("decimal", "100000000000000000000000000000.000000000000000000000000000001", True, None),
    ("decimal", "NaN", True, None),
    ("decimal", "-Infinity", True, None),
    ("decimal", "1,5", False, None),
    ("decimal", "", False, None),
    ("uuid", "afc75e41-4df3-5db9-907e-dcf55750efec", True, None),
    ("uuid", "afc75e41", False, None),
    ("float", "NaN", True, None),
    ("float", "Infinity", True, None),
    ("float", "-Infinity", True, None),
    ("float", "1.5", False, None),
    ("float", "nan", False, None),
    ("float", "+Infinity", False, None),
    ("string", "", True, None),
    ("string", "2026-01-02", True, None),
]
"""Tag, text, whether the tag allows it, and what a writer gives for it where that differs."""

VERSIONS: list[Any] = [
    "0.1", "0.2", "0.9", "0.10", "0.999999999", "0.0", "1.0", "0", "0.1.0", "0.01", "00.1", "-1",
    "-1.0", "0.1-beta", "v0.1", " 0.1", "", "abc", "0_0.1", "\u0660.\u0661", "10.1",
    "0.1000000000", 0.1, 0, None, ["0.1"],
]  # fmt: skip
