// What crosses the boundary between the engine and the host: the records of
// wit/since_v0.2.0 in the layout of the Canonical ABI, and what is imported.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct { const void *ptr; uint32_t len; } List; // also of a string
typedef struct { uint8_t some; List bytes; } OptionalBytes;
typedef struct { List name, type; uint32_t offset; List was; OptionalBytes preset; } Field;
typedef struct { List name; uint8_t role, storage; uint32_t size; List fields; uint8_t on_despawn; } Kind;
typedef struct { uint32_t kind; uint8_t access; } Term;
typedef struct { List terms, alternatives; uint8_t entities; } Query;
typedef struct { uint32_t kind; uint8_t write; } ResourceUse;
typedef struct { uint32_t kind; List field; uint8_t compares; List value; } Condition;
typedef struct { uint8_t what; uint32_t kind; } Reading;
typedef struct {
    List name, queries;
    uint8_t span;
    uint32_t every, phase;
    uint8_t startup;
    List run_if, resources, lookups, relations, reads, emits;
    uint8_t tables, commands;
    List before, after;
} System;
typedef struct { List name, sql; } Migration;
typedef struct { List name, old, new; } Conversion;
typedef struct { List id, version, kinds, systems, migrations, conversions; } Description;
typedef struct { List header, columns; } Shard;
typedef struct { List present, values; } Found;
typedef struct { List starts, others, data; } Edges;
typedef struct { uint8_t failed; List columns, rows; } Answer; // a text in the place of columns
typedef struct { uint8_t failed; union { uint64_t count; List why; }; } Changed;
typedef struct { uint8_t failed; List text; } Ended; // also with columns for a text

_Static_assert(sizeof(Field) == 40 && sizeof(Kind) == 28 && sizeof(Query) == 20, "layout");
_Static_assert(sizeof(Condition) == 24 && sizeof(System) == 100 && sizeof(Conversion) == 24, "layout");
_Static_assert(sizeof(Description) == 48 && sizeof(Answer) == 20 && sizeof(Changed) == 16, "layout");

#define IMPORT(interface, function) \
    __attribute__((import_module("sandtable:guest/" interface "@0.2.0"), import_name(function)))
#define EXPORT(function) __attribute__((export_name(function)))

IMPORT("shards", "next") void host_next(List *shards);
IMPORT("shards", "write") void host_write(uint32_t shard, uint32_t column, const void *, uint32_t);
IMPORT("lookups", "lookup") void host_lookup(uint32_t lookup, const void *, uint32_t, Found *);
IMPORT("lookups", "related")
void host_related(uint32_t relation, uint32_t way, const void *, uint32_t, Edges *);
IMPORT("output", "set-resource") void host_set_resource(uint32_t which, const void *, uint32_t);
IMPORT("output", "commands") void host_commands(const void *, uint32_t);
IMPORT("output", "emit") void host_emit(const void *, uint32_t);
IMPORT("tables", "query")
void host_query(const void *, uint32_t, const void *, uint32_t, Answer *);
IMPORT("tables", "execute")
void host_execute(const void *, uint32_t, const void *, uint32_t, Changed *);
IMPORT("log", "write") void host_log(uint32_t level, const void *, uint32_t);
IMPORT("assets", "names") void host_assets(List *names);
IMPORT("assets", "read") void host_asset(const void *, uint32_t, OptionalBytes *);
