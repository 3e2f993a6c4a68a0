/* json_writer.c: see json_writer.h. */
#include "report/json_writer.h"

/* In many small pieces. */
static int write_piece(const char *text, size_t size, void *file)
{
	return fwrite_unlocked(text, 1, size, file) == size ? 0 : -1;
}

static void put(struct json_writer *writer, json_t *value)
{
	json_dump_callback(value, write_piece, writer->file, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(value);
}

static void put_key(struct json_writer *writer, const char *key)
{
	fprintf(writer->file, "%s\n\"%s\":", writer->first ? "" : ",", key);
	writer->first = false;
}

void json_put_member(struct json_writer *writer, const char *key, json_t *value)
{
	put_key(writer, key);
	put(writer, value);
}

void json_open_level(struct json_writer *writer, const char *key, char bracket)
{
	put_key(writer, key);
	fputc(bracket, writer->file);
	writer->first = true;
}

void json_close_level(struct json_writer *writer, char bracket)
{
	fputc(bracket, writer->file);
	writer->first = false;
}

void json_put_row(struct json_writer *writer, json_t *value)
{
	fputs(writer->first ? "\n" : ",\n", writer->file);
	writer->first = false;
	put(writer, value);
}
