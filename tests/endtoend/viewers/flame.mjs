// flame.mjs FILE SCREENSHOTS NAME: a flame graph in a headless Chromium without a network: clicks on the frame NAME, searches
// for it, walks by keyboard, and prints what was seen as JSON. Screenshots are named SCREENSHOTS-….png.
import { createRequire } from 'node:module';

const { default: puppeteer } = await import(createRequire(`${process.env.NODE_PATH}/`).resolve('puppeteer-core'));
const [file, shots, name] = process.argv.slice(2);
const seen = { problems: [], requests: [], widths: {} };
const browser = await puppeteer.launch({
	executablePath: process.env.CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
	userDataDir: process.env.PROFILE,
});
const page = await browser.newPage();
page.on('pageerror', (error) => seen.problems.push(String(error)));
page.on('console', (message) => seen.problems.push(message.text()));
page.on('dialog', (dialog) => { seen.problems.push('a dialog'); dialog.dismiss(); });
page.on('request', (request) => seen.requests.push(request.url()));

// What is drawn: frames with their labels, and how well these can be read.
const look = () => page.evaluate(() => {
	const light = (text) => {
		const parts = text.match(/[\d.]+/g).slice(0, 3).map((part) => part / 255)
			.map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
		return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
	};
	const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
	const rows = [...document.querySelectorAll('#frames g')].map((group) => {
		const rect = group.querySelector('rect'), text = group.querySelector('text'), box = rect.getBoundingClientRect();
		return {
			label: text && text.textContent, about: group.getAttribute('aria-label'), left: box.left, right: box.right, top: box.top,
			fits: !text || text.getBoundingClientRect().right <= box.right + 0.5, found: group.classList.contains('found'),
			contrast: text ? contrast(getComputedStyle(text).fill, getComputedStyle(rect).fill) : 99, fill: rect.getAttribute('fill'),
		};
	});
	const bar = getComputedStyle(document.querySelector('#bar > div'));
	return {
		frames: rows.length, abouts: rows.slice(0, 40).map((row) => row.about),
		fills: Object.fromEntries(rows.filter((row) => row.label).map((row) => [row.label, row.fill])),
		labels: rows.filter((row) => row.label).map((row) => row.label),
		fit: rows.every((row) => row.fits), inside: rows.every((row) => row.left >= 0 && row.right <= innerWidth),
		contrast: Math.min(...rows.map((row) => row.contrast), contrast(bar.color, bar.backgroundColor)), page: bar.backgroundColor,
		widest: rows.filter((row) => row.label).sort((a, b) => b.top - a.top)[0].about,
		wide: rows.filter((row) => row.right - row.left > innerWidth * 0.9).map((row) => row.about),
		found: document.querySelector('#found').textContent, hits: rows.filter((row) => row.found).map((row) => row.about),
		legend: [...document.querySelectorAll('#legend .key')].map((key) => key.textContent),
		title: document.querySelector('#title').textContent, focus: document.activeElement?.getAttribute('aria-label'),
		tip: document.querySelector('#tip').style.display === 'none' ? null : document.querySelector('#tip').textContent,
	};
});
const shoot = (what) => page.screenshot({ path: `${shots}-${what}.png` });
const frame = () => page.evaluateHandle((wanted) => [...document.querySelectorAll('#frames g')]
	.find((group) => group.getAttribute('aria-label').startsWith(wanted)), name);

await page.setViewport({ width: 1600, height: 900 });
await page.goto(`file://${file}`);
seen.whole = await look();
await shoot('1600');
await page.setViewport({ width: 800, height: 900 });
await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
seen.narrow = await look();
await shoot('800');
await (await frame()).hover();
seen.hovered = await look();
await shoot('800-tip');
await (await frame()).click();
seen.zoomed = await look();
await page.keyboard.press('Escape');
seen.back = await look();
await page.keyboard.press('/');
await page.keyboard.type(name);
seen.searched = await look();
await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
seen.dark = await look();
await shoot('800-dark-search');
await page.keyboard.press('Escape');
seen.cleared = await look();
// By keyboard alone: into the graph, inwards, and zoomed in.
await page.focus('#value');
for (let tabs = 0; tabs < 5 && !(await look()).focus?.startsWith('all,'); tabs++)
	await page.keyboard.press('Tab');
await page.keyboard.press('Tab');
await page.keyboard.press('ArrowDown');
seen.walked = await look();
await page.keyboard.press('Enter');
seen.entered = await look();
await page.keyboard.press('Escape');
seen.modes = {};
for (const [value, title] of await page.$$eval('#value option', (all) => all.map((each) => [each.value, each.textContent]))) {
	await page.select('#value', value);
	seen.modes[title] = await look();
	await shoot(`800-dark-${title.replace(/\W+/g, '-')}`);
}
await browser.close();
console.log(JSON.stringify(seen));
