// devtools.mjs FILE…: each heap profile given to the DevTools of a headless Chromium, its own front end and without a network,
// as its button "Load profile" does it; prints for each what DevTools made of it and what it shows, as JSON.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

const { default: puppeteer } = await import(createRequire(`${process.env.NODE_PATH}/`).resolve('puppeteer-core'));
const browser = await puppeteer.launch({
	executablePath: process.env.CHROMIUM, userDataDir: process.env.PROFILE,
	args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
});
const seen = {};

// In the page: the modules are the front end's own.
async function load(text, name) {
	const { ViewManager } = await import('./ui/legacy/legacy.js');
	const { HeapProfilerPanel } = await import('./panels/profiler/profiler.js');
	const until = async (ready) => {
		for (let i = 0; i < 600 && !ready(); i++)
			await new Promise((done) => setTimeout(done, 50));
		return ready();
	};

	// The front end says when it is there by showing something.
	await until(() => document.body.querySelector('.widget, .root-view'));
	await ViewManager.ViewManager.instance().showView('heap-profiler');
	const panel = HeapProfilerPanel.HeapProfilerPanel.instance(), type = panel.findProfileTypeByExtension(name);
	const error = await panel.loadFromFile(new File([text], name));
	const header = await until(() => type.getProfiles().find((profile) => profile.profile));
	const view = panel.showProfile(header), functions = {};
	const add = (node) => {
		const sums = functions[node.functionName] ??= { self: 0, places: [] }, place = `${node.url}:${node.lineNumber + 1}`;

		sums.self += node.self;
		if (!sums.places.includes(place))
			sums.places.push(place);
		node.children.forEach(add);
	};
	const root = view.profileInternal.root;

	root.children.forEach(add);
	const rows = (element, found = []) => {
		for (const inner of [element.shadowRoot, ...element.children])
			if (inner)
				rows(inner, found);
		if (element.tagName === 'TR' && element.querySelectorAll('td').length > 2)
			found.push([...element.querySelectorAll('td')].map((cell) => cell.innerText));
		return found;
	};

	await until(() => rows(document.body).length > 3);
	return { error: error ? String(error) : null, title: header.title, total: root.total, functions, rows: rows(document.body) };
}

for (const file of process.argv.slice(2)) {
	const page = await browser.newPage(), problems = [];

	page.on('pageerror', (error) => problems.push(String(error)));
	page.on('dialog', (dialog) => { problems.push(dialog.message()); dialog.dismiss(); });
	await page.goto('devtools://devtools/bundled/js_app.html');
	seen[file] = { ...await page.evaluate(load, readFileSync(file, 'utf8'), basename(file)), problems };
	if (process.env.SHOT)
		await page.screenshot({ path: process.env.SHOT + Object.keys(seen).length + '.png' });
	await page.close();
}
await browser.close();
console.log(JSON.stringify(seen));
