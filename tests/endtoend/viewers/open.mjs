// open.mjs PAGE FILE…: gives each file to a viewer, a page with an input for files, in a headless Chromium without a network,
// and prints for each what the page is called then, what it shows, and what went wrong, as JSON.
import { createRequire } from 'node:module';

const { default: puppeteer } = await import(createRequire(`${process.env.NODE_PATH}/`).resolve('puppeteer-core'));
const [viewer, ...files] = process.argv.slice(2);
const browser = await puppeteer.launch({
	executablePath: process.env.CHROMIUM, userDataDir: process.env.PROFILE,
	args: ['--no-sandbox', '--disable-dev-shm-usage', '--use-angle=swiftshader', '--enable-unsafe-swiftshader',
		'--allow-file-access-from-files'],
});
const seen = {};
for (const file of files) {
	const page = await browser.newPage(), problems = [];
	page.on('pageerror', (error) => problems.push(String(error)));
	page.on('dialog', (dialog) => { problems.push(dialog.message()); dialog.dismiss(); });
	await page.goto(`file://${viewer}`);
	const before = await page.evaluate(() => document.title + document.body.innerText);
	const [chosen] = await Promise.all([page.waitForFileChooser(),
		page.evaluate(() => document.querySelector('input[type=file]').click())]);
	await chosen.accept([file]);
	await page.waitForFunction((was) => document.title + document.body.innerText !== was && document.title.includes(' - '),
		{ timeout: 60000 }, before).catch(() => problems.push('nothing is shown'));
	await new Promise((done) => setTimeout(done, 300));
	seen[file] = { title: await page.title(), text: await page.evaluate(() => document.body.innerText), problems };
	if (process.env.SHOT)
		await page.screenshot({ path: process.env.SHOT + files.indexOf(file) + '.png' });
	await page.close();
}
await browser.close();
console.log(JSON.stringify(seen));
