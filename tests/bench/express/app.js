// app.js: a small shop as an express application: JSON, forms, files, middleware, templates, streams and errors. What it
// sells is in memory.
'use strict';
const crypto = require('node:crypto');
const path = require('node:path');
const zlib = require('node:zlib');
const express = require('express');

function shop() {
	const app = express();
	const items = new Map();
	const sessions = new Map();

	app.set('views', path.join(__dirname, 'views'));
	app.set('view engine', 'ejs');
	app.set('view cache', true);
	app.disable('x-powered-by');

	app.use((request, response, next) => {
		request.id = crypto.randomUUID();
		response.set('X-Request-Id', request.id);
		next();
	});
	app.use(express.json({limit: '1mb'}));
	app.use(express.urlencoded({extended: true}));
	app.use('/static', express.static(path.join(__dirname, 'views'), {maxAge: '1h'}));

	function signedIn(request, response, next) {
		const [, token] = /^Bearer (.+)$/.exec(request.get('Authorization') ?? '') ?? [];
		request.user = sessions.get(token);
		if (!request.user) {
			response.status(401).json({error: 'sign in first'});
			return;
		}
		next();
	}

	app.post('/sessions', (request, response) => {
		const {name, password} = request.body;
		if (!name || password !== `${name}'s`) {
			response.status(403).json({error: 'wrong name or password'});
			return;
		}
		const token = crypto.createHmac('sha256', 'a secret').update(`${name} ${sessions.size}`).digest('hex');
		sessions.set(token, {name, baskets: []});
		response.status(201).json({token});
	});

	const router = express.Router();
	router.get('/', (request, response) => {
		const wanted = String(request.query.word ?? '').toLowerCase();
		const found = [...items.values()].filter((item) => item.name.toLowerCase().includes(wanted));
		response.json({count: found.length, items: found.slice(0, Number(request.query.limit ?? 20))});
	});
	router.post('/', signedIn, (request, response) => {
		const {name, price, tags = []} = request.body;
		if (typeof name !== 'string' || !(price > 0)) {
			throw Object.assign(new Error('an item has a name and a price'), {status: 422});
		}
		const item = {id: String(items.size + 1), name, price, tags, by: request.user.name};
		items.set(item.id, item);
		response.status(201).location(`/items/${item.id}`).json(item);
	});
	router.get('/:id', (request, response, next) => {
		const item = items.get(request.params.id);
		if (!item) {
			next('route');
			return;
		}
		response.format({
			json: () => response.json(item),
			html: () => response.render('item', {item, others: [...items.values()].slice(-10)}),
		});
	});
	app.use('/items', router);

	app.get('/list', (request, response) => {
		response.render('list', {title: 'All items', items: [...items.values()]});
	});
	app.get('/export', (request, response) => {
		const rows = [...items.values()].map((item) => `${item.id},${item.name},${item.price}\n`).join('');
		response.set({'Content-Type': 'text/csv', 'Content-Encoding': 'gzip'}).send(zlib.gzipSync(rows.repeat(20)));
	});
	app.put('/pictures/:id', express.raw({type: '*/*', limit: '1mb'}), async (request, response) => {
		const sum = crypto.createHash('sha1').update(request.body).digest('hex');
		await new Promise((resolve) => setImmediate(resolve));
		response.json({bytes: request.body.length, sum});
	});

	app.use((request, response) => {
		response.status(404).json({error: `nothing at ${request.path}`});
	});
	app.use((error, request, response, next) => {
		if (response.headersSent) {
			next(error);
			return;
		}
		response.status(error.status ?? 500).json({error: error.message});
	});
	return app;
}

module.exports = {shop};
