// schema.js SCHEMA FILE…: each file fits the JSON schema, by ajv.
'use strict';
const fs = require('fs');
const Ajv = require('ajv');

const [schema, ...files] = process.argv.slice(2);
const fits = new Ajv({ strict: false, allErrors: false }).compile(JSON.parse(fs.readFileSync(schema, 'utf8')));
for (const file of files) {
	if (fits(JSON.parse(fs.readFileSync(file, 'utf8'))))
		continue;
	console.error(file, JSON.stringify(fits.errors));
	process.exitCode = 1;
}
