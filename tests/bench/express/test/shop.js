// shop.js: the tests of app.js, some five hundred requests.
'use strict';
const assert = require('node:assert');
const {shop} = require('../app.js');
const request = require('supertest');

const WORDS = ['lamp', 'chair', 'table', 'shelf', 'clock', 'carpet', 'mirror', 'curtain', 'stool', 'vase'];

describe('the shop', () => {
	let app, token;

	function item(n) {
		return {name: `${WORDS[n % WORDS.length]} ${n}`, price: 1 + n % 50, tags: [`tag ${n % 7}`, 'new']};
	}

	before(async () => {
		app = shop().listen(0);
		const answer = await request(app).post('/sessions').send({name: 'ann', password: "ann's"}).expect(201);
		token = answer.body.token;
	});
	after((done) => {
		app.close(done);
	});

	it('is empty at first', () => request(app).get('/list').expect(200, /Nothing yet/));
	it('lets nobody in with a wrong password', () =>
		request(app).post('/sessions').type('form').send({name: 'ann', password: 'x'}).expect(403));
	it('wants a session', () => request(app).post('/items').send(item(1)).expect(401));
	it('refuses what is no item', () =>
		request(app).post('/items').auth(token, {type: 'bearer'}).send({name: 1}).expect(422, /a name and a price/));
	it('refuses what is no JSON', () =>
		request(app).post('/items').type('json').send('{"name":').expect(400));

	for (let n = 1; n <= 150; n++) {
		it(`takes item ${n}`, async () => {
			const made = await request(app).post('/items').auth(token, {type: 'bearer'}).send(item(n)).expect(201);
			assert.strictEqual(made.headers.location, `/items/${n}`);
			const read = await request(app).get(made.headers.location).set('Accept', 'application/json').expect(200);
			assert.deepStrictEqual(read.body, {id: String(n), by: 'ann', ...item(n)});
		});
	}
	for (let n = 1; n <= 60; n++) {
		it(`shows item ${n}`, () => request(app).get(`/items/${n}`).set('Accept', 'text/html')
			.expect('Content-Type', /html/).expect(200, new RegExp(`<h1>${item(n).name}</h1>`)));
	}
	for (const word of WORDS) {
		it(`finds each ${word}`, async () => {
			for (const limit of [1, 5, 20]) {
				const {body} = await request(app).get('/items').query({word, limit}).expect(200);
				assert.strictEqual(body.count, 15);
				assert.strictEqual(body.items.length, Math.min(limit, 15));
			}
		});
	}
	for (let n = 0; n < 40; n++) {
		it(`keeps picture ${n}`, async () => {
			const bytes = Buffer.alloc(1000 + n * 997, n);
			const {body} = await request(app).put(`/pictures/${n}`).type('png').send(bytes).expect(200);
			assert.strictEqual(body.bytes, bytes.length);
		});
	}
	for (let n = 0; n < 10; n++) {
		it(`lists and exports, ${n}`, async () => {
			await request(app).get('/list').expect(200, /vase 149/);
			const {text} = await request(app).get('/export').expect('Content-Type', /csv/).expect(200);
			assert.strictEqual(text.split('\n').length, 150 * 20 + 1);
		});
	}
	it('sends files', () => request(app).get('/static/list.ejs').expect('Cache-Control', /3600/).expect(200));
	it('knows what it does not have', () => request(app).get('/items/x').expect(404, {error: 'nothing at /items/x'}));
});
