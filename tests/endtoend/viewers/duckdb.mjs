// duckdb.mjs FOLDER QUERY…: the tables of `probe export --format csv` as DuckDB finds them by itself: their columns with the
// types that it takes them for, then the rows that each query gives, as JSON.
import { createRequire } from 'node:module';
import { readdirSync } from 'node:fs';

const { DuckDBInstance } = await import(createRequire(`${process.env.NODE_PATH}/`).resolve('@duckdb/node-api'));
const [folder, ...queries] = process.argv.slice(2);
const connection = await (await DuckDBInstance.create(':memory:')).connect();
const rows = async (query) => (await connection.runAndReadAll(query)).getRowsJson();
const quoted = (text) => `'${text.replaceAll("'", "''")}'`;
const tables = {};

for (const file of readdirSync(folder)) {
	const name = file.replace(/\.csv$/, '');

	await connection.run(`CREATE TABLE ${name} AS SELECT * FROM read_csv(${quoted(`${folder}/${file}`)})`);
	tables[name] = (await rows(`DESCRIBE ${name}`)).map(([column, type]) => [column, type]);
}
const answers = [];
for (const query of queries)
	answers.push(await rows(query));
console.log(JSON.stringify({ tables, answers }));
