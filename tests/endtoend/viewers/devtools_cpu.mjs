// devtools_cpu.mjs FILE…: each CPU profile given to the model that the DevTools of a headless Chromium make of it, without a
// network; prints for each the milliseconds that each function has itself, and of the whole, as JSON.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const { default: puppeteer } = await import(createRequire(`${process.env.NODE_PATH}/`).resolve('puppeteer-core'));
const browser = await puppeteer.launch({
	executablePath: process.env.CHROMIUM, userDataDir: process.env.PROFILE,
	args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
});
const seen = {};

// In the page: the module is the front end's own.
async function load(text) {
	const { CPUProfileDataModel } = await import('./models/cpu_profile/cpu_profile.js');
	const model = new CPUProfileDataModel.CPUProfileDataModel(JSON.parse(text)), functions = {};
	const add = (node) => {
		functions[node.functionName] = (functions[node.functionName] ?? 0) + node.self;
		node.children.forEach(add);
	};
	add(model.profileHead);
	return { functions, length: model.profileEndTime - model.profileStartTime, hits: model.totalHitCount };
}

for (const file of process.argv.slice(2)) {
	const page = await browser.newPage(), problems = [];

	page.on('pageerror', (error) => problems.push(String(error)));
	await page.goto('devtools://devtools/bundled/js_app.html');
	seen[file] = { ...await page.evaluate(load, readFileSync(file, 'utf8')), problems };
	await page.close();
}
await browser.close();
console.log(JSON.stringify(seen));
