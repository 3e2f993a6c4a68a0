// The flame graph of an exported SVG: draws what of `data` is wide enough to be seen, outermost functions at the top.
// data: {title, note, active, kinds: [], values: [{title, mode, unit}], functions: [[name, place, kind]],
//        parents: [], nodes: [function], self: [[by node] by value]}; node 0 is the root, parents come before children.
//        Of a differential one: against: true, before: [[by node] by value]. Widths are of self, colours tell the change.
'use strict';
const SVG = 'http://www.w3.org/2000/svg', ROW = 19, LEAST = 0.5, PAD = 10;
// Hue, saturation and lightness, by mode and kind.
const SHADES = {
	leak: { native: [12, 78, 70], javascript: [46, 82, 66], wasm: [275, 58, 76], builtin: [168, 36, 68], unknown: [220, 6, 74],
		log: [330, 50, 78] },
	allocation: { native: [207, 68, 70], javascript: [46, 82, 66], wasm: [275, 58, 76], builtin: [168, 36, 68],
		unknown: [220, 6, 74], log: [330, 50, 78] },
	cpu: { native: [28, 84, 70], javascript: [48, 82, 66], wasm: [275, 58, 76], builtin: [150, 40, 66], unknown: [220, 6, 74],
		log: [330, 50, 78] },
};
// Of a change: hue, saturation and lightness at its strongest; none is pale.
const GREW = [4, 86, 70], SHRANK = [214, 80, 70], SAME = [220, 8, 88];
// A change of less than this part of the whole is none.
const SLIGHT = 0.001;
const FOUND = [312, 85, 62];

const $ = (id) => document.getElementById(id);
const root = document.documentElement, frames = $('frames'), count = data.nodes.length;
const children = Array.from({ length: count }, () => []);
for (let i = 1; i < count; i++)
	children[data.parents[i]].push(i);
const summed = (self) => {
	const sums = Float64Array.from(self);
	for (let i = count - 1; i > 0; i--)
		sums[data.parents[i]] += sums[i];
	return sums;
};
const totals = data.self.map(summed), before = data.against ? data.before.map(summed) : null;

let value = data.active, zoomed = 0, wanted = '', drawn = new Map(), byNode = new WeakMap();

// ---- words -----------------------------------------------------------------------------------------------------------

// Nothing in a name may break a line or turn it around.
const visible = (text) => text.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
	(c) => c === '\n' ? '\\n' : c === '\t' ? '\\t' : '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
const names = data.functions.map(([name]) => visible(name));
const base = (place) => visible(place).replace(/.*\/(?=.)/, '');

const UNITS = { bytes: [1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB']], ns: [1000, ['ns', 'µs', 'ms', 's']] };
function amount(number, kind) {
	let unit = 0;
	if (!UNITS[kind])
		return Math.round(number).toLocaleString('en');
	const [step, units] = UNITS[kind];
	for (; number >= step && unit < units.length - 1; unit++)
		number /= step;
	return (unit && number < 100 ? number.toFixed(1) : Math.round(number).toLocaleString('en')) + ' ' + units[unit];
}

function change(now, then, kind) {
	const sign = now < then ? '−' : '+', by = then ? `, ${sign}${share(Math.abs(now - then), then)}` : now ? ', new' : '';
	return now === then ? 'no change' : sign + amount(Math.abs(now - then), kind) + by;
}

function share(part, whole) {
	const percent = whole ? 100 * part / whole : 0;
	return (percent >= 10 || percent === 0 ? percent.toFixed(0) : percent >= 0.1 ? percent.toFixed(1) : '<0.1') + ' %';
}

// Without what stands in pairs of brackets; of "operator<" and the like the brackets are no pair, and stay.
const HIDDEN = { '<': '\ue000', '>': '\ue001', '(': '\ue002', ')': '\ue003' };
function collapse(name, open, close) {
	let text = '', depth = 0;
	for (const c of name.replace(/operator(<<|>>|->|<|>|\(\))=?|\(anonymous( namespace)?\)/g, (o) => o.replace(/[<>()]/g, (c) => HIDDEN[c]))) {
		if (c === open)
			depth++;
		else if (c === close && depth)
			depth--;
		else if (!depth)
			text += c;
	}
	for (const c in HIDDEN)
		text = text.replaceAll(HIDDEN[c], c);
	return text;
}

// Of Rust's "<crate::Type<A> as Trait<B>>::function" what is within the first brackets is a name: "crate::Type::function".
// Hashes stand behind the names of crates.
function rustless(name) {
	name = name.replace(/\[[0-9a-f]{5,}\]/g, '');
	for (let at = 1, depth = 1; name[0] === '<' && at < name.length; at++) {
		depth += name[at] === '<' ? 1 : name[at] === '>' && name[at - 1] !== '-' ? -1 : 0;
		if (!depth)
			return collapse(name.slice(1, at), '<', '>').replace(/ as .*/, '') + name.slice(at + 1);
	}
	return name;
}

const memory = new Map();
function shortened(name) {
	if (memory.has(name))
		return memory.get(name);
	const bare = collapse(rustless(name).replace(/ \[clone [^\]]*\]/g, ''), '(', ')').replace(/ const$/, '').trim() || name;
	const plain = collapse(bare, '<', '>').replace(/^.* (?!\S*namespace\))/, '') || bare;
	memory.set(name, [bare, plain, plain.split('::').pop() || plain]);
	return memory.get(name);
}

// The longest of several ways to put it that has room: with its file; without parameters, types for parameters, scopes.
function short(node, room) {
	const name = nameOf(node), where = node && kindOf(node) === 'javascript' ? base(data.functions[data.nodes[node]][1]) : '';
	if (room < 3)
		return '';
	if (where && name.length + where.length + 3 <= room)
		return `${name} (${where})`;
	if (name.length <= room)
		return name;
	if (kindOf(node) !== 'native' && kindOf(node) !== 'wasm')
		return name.slice(0, room - 1) + '…';
	const shorter = shortened(name);
	return shorter.find((text) => text.length <= room) || shorter[2].slice(0, room - 1) + '…';
}

// ---- drawing -----------------------------------------------------------------------------------------------------------

function element(name, parent, attributes = {}) {
	const made = document.createElementNS(SVG, name);
	for (const key in attributes)
		made.setAttribute(key, attributes[key]);
	parent.append(made);
	return made;
}

const kindOf = (node) => node ? data.kinds[data.functions[data.nodes[node]][2]] : 'unknown';
const nameOf = (node) => node ? names[data.nodes[node]] : 'all';

// From pale to strong by how much of the larger side the change is.
function tint(node, aside) {
	const now = totals[value][node], then = before[value][node], difference = now - then, side = difference < 0 ? SHRANK : GREW;
	const least = SLIGHT * Math.max(totals[value][0], before[value][0]);
	const strength = Math.abs(difference) < least ? 0 : 0.25 + 0.75 * Math.abs(difference) / Math.max(now, then);
	if (!strength)
		return `hsl(${SAME[0]} ${SAME[1]}% ${SAME[2]}%)`;
	return `hsl(${side[0]} ${side[1] * (aside ? 0.2 : 1)}% ${SAME[2] - (SAME[2] - side[2]) * strength}%)`;
}

// What was there before and is not any more: how many functions in stacks there are of these below a node, and what they had.
function gone(node) {
	let functions = 0, sum = 0;
	const waiting = [node];
	while (waiting.length)
		for (const child of children[waiting.pop()]) {
			if (before[value][child] && !totals[value][child]) {
				functions++;
				if (totals[value][data.parents[child]] || data.parents[child] === 0)
					sum += before[value][child];
			}
			if (before[value][child])
				waiting.push(child);
		}
	return functions ? `${functions.toLocaleString('en')} ${functions === 1 ? 'frame that is' : 'frames that are'} gone had `
		+ amount(sum, data.values[value].unit) : '';
}

// What is beside the point, above the zoom or not found, is grey, for what is faint cannot be read.
function colour(node, found, aside) {
	const [hue, saturation, lightness] = found ? FOUND : SHADES[data.values[value].mode][kindOf(node)];
	let hash = 7;
	if (before && !found)
		return tint(node, aside);
	for (const c of nameOf(node).slice(0, 60))
		hash = (hash * 31 + c.charCodeAt(0)) >>> 0;
	return `hsl(${hue} ${aside ? saturation * 0.2 : saturation}% ${lightness + (node ? hash % 11 - 5 : 8)}%)`;
}

let letter = 7.23;
function measure() {
	const probe = element('text', frames);
	probe.textContent = 'm'.repeat(100);
	letter = probe.getComputedTextLength() / 100 || letter;
	probe.remove();
}

const matches = (node) => wanted !== '' && node !== 0 && (nameOf(node) + ' ' + data.functions[data.nodes[node]][1]).toLowerCase()
	.includes(wanted);

function drawNode(node, x, width, depth, above) {
	const found = matches(node), total = totals[value][node], whole = totals[value][0];
	const group = element('g', frames, {
		tabindex: 0, role: 'button', transform: `translate(${x.toFixed(2)} ${depth * ROW})`,
		'aria-label': `${nameOf(node).slice(0, 300)}, ${amount(total, data.values[value].unit)}, ${share(total, whole)}`
			+ (before ? `, ${amount(before[value][node], data.values[value].unit)} before` : ''),
	});
	if (above)
		group.classList.add('above');
	if (found)
		group.classList.add('found');
	element('rect', group, { width: Math.max(width - 0.3, 0.3).toFixed(2), height: ROW - 1, rx: 2,
		fill: colour(node, found, !found && (above || wanted !== '')) });
	const text = width > 20 ? short(node, Math.floor((width - 8) / letter)) : '';
	if (text)
		element('text', group, { x: 4, y: ROW - 6 }).textContent = text;
	drawn.set(node, group);
	byNode.set(group, node);
}

// Of the whole, how much is in functions that match, each byte once.
function matched() {
	let sum = 0;
	const within = new Uint8Array(count);
	for (let i = 1; i < count; i++) {
		within[i] = within[data.parents[i]];
		if (!within[i] && matches(i)) {
			within[i] = 1;
			sum += totals[value][i];
		}
	}
	return sum;
}

function since() {
	if (!before)
		return '';
	const left = gone(0);
	return `, ${amount(before[value][0], data.values[value].unit)} before${left && '; ' + left}`;
}

function draw() {
	const width = Math.max(root.clientWidth || innerWidth, 200) - 2 * PAD, focused = byNode.get(document.activeElement);
	const sums = totals[value], path = [];
	let deepest = 0;

	$('bar').setAttribute('width', width + 2 * PAD);
	$('bar').setAttribute('height', $('bar').firstElementChild.offsetHeight);
	frames.replaceChildren();
	drawn = new Map();
	for (let node = zoomed; ; node = data.parents[node]) {
		path.unshift(node);
		if (!node)
			break;
	}
	path.forEach((node, depth) => drawNode(node, 0, width, depth, depth < path.length - 1));
	const waiting = [[zoomed, 0, path.length - 1]], scale = sums[zoomed] ? width / sums[zoomed] : 0;
	while (waiting.length) {
		const [node, left, depth] = waiting.pop();
		let x = left;
		deepest = Math.max(deepest, depth);
		const row = children[node].filter((child) => sums[child] * scale >= LEAST).sort((a, b) => sums[b] - sums[a] || a - b);
		const next = [];
		for (const child of row) {
			drawNode(child, x, sums[child] * scale, depth + 1, false);
			next.push([child, x, depth + 1]);
			x += sums[child] * scale;
		}
		waiting.push(...next.reverse());
	}
	place(deepest);
	$('reset').disabled = !zoomed;
	$('found').textContent = wanted === '' ? `${amount(sums[0], data.values[value].unit)} in all${since()}` :
		`found: ${amount(matched(), data.values[value].unit)}, ${share(matched(), sums[0])}`;
	if (focused !== undefined && drawn.has(focused))
		drawn.get(focused).focus({ preventScroll: true });
}

function place(deepest) {
	const top = Number($('bar').getAttribute('height')) + 8;
	frames.setAttribute('transform', `translate(${PAD} ${top})`);
	root.setAttribute('height', Math.max(top + (deepest + 2) * ROW, innerHeight - 4));
}

// ---- what it tells ---------------------------------------------------------------------------------------------------------

function html(name, parent, text = '', kind = '') {
	const made = document.createElementNS('http://www.w3.org/1999/xhtml', name);
	made.textContent = text;
	if (kind)
		made.className = kind;
	parent.append(made);
	return made;
}

function tell(node, x, y) {
	const tip = $('tip'), box = tip.firstElementChild, width = Math.min(before ? 680 : 520, root.clientWidth - 20);
	const name = nameOf(node), caller = data.parents[node];
	box.replaceChildren();
	html('b', box, name.length > 400 ? name.slice(0, 260) + ' … ' + name.slice(-120) : name);
	if (node) {
		const where = data.functions[data.nodes[node]][1];
		html('div', box, kindOf(node) + (where ? ', ' + visible(where).slice(-300) : ''), 'quiet');
	}
	const table = html('table', box);
	tip.style.display = '';
	data.values.forEach((each, i) => {
		const sum = totals[i][node];
		if (!sum && !(before && before[i][node]) && i !== value)
			return;
		const row = html('tr', table);
		html('td', row, each.title);
		html('td', row, amount(sum, each.unit));
		if (before) {
			html('td', row, amount(before[i][node], each.unit) + ' before');
			html('td', row, change(sum, before[i][node], each.unit));
		}
		html('td', row, share(sum, totals[i][0]) + ' of all');
		if (!before)
			html('td', row, caller ? share(sum, totals[i][caller]) + ' of caller' : '');
		html('td', row, data.self[i][node] ? amount(data.self[i][node], each.unit) + ' itself' : '');
		if (i === value)
			row.style.fontWeight = 'bold';
	});
	if (before && gone(node))
		html('div', box, gone(node), 'quiet');
	tip.setAttribute('width', width);
	tip.setAttribute('height', 1000);
	const high = box.offsetHeight + 12, wide = box.offsetWidth + 2, bottom = scrollY + innerHeight;
	tip.setAttribute('height', high);
	tip.setAttribute('x', Math.max(2, Math.min(x + 14, root.clientWidth - wide - 4)));
	tip.setAttribute('y', y + 22 + high > bottom && y - high - 8 > scrollY ? y - high - 8 : y + 22);
}

const hush = () => { $('tip').style.display = 'none'; };
const nodeAt = (target) => byNode.get(target.closest && target.closest('#frames g'));

// ---- what is done to it ------------------------------------------------------------------------------------------------------

function zoom(node) {
	zoomed = node;
	hush();
	draw();
	if (drawn.has(node))
		drawn.get(node).focus({ preventScroll: true });
}

function search(text) {
	wanted = text.toLowerCase();
	draw();
}

frames.addEventListener('click', (event) => {
	const node = nodeAt(event.target);
	if (node !== undefined)
		zoom(node);
});
frames.addEventListener('mousemove', (event) => {
	const node = nodeAt(event.target);
	if (node !== undefined)
		tell(node, event.pageX, event.pageY);
});
frames.addEventListener('mouseleave', hush);
frames.addEventListener('focusin', (event) => {
	const node = nodeAt(event.target);
	if (node === undefined || !event.target.matches(':focus-visible'))
		return;
	const box = event.target.getBoundingClientRect();
	tell(node, Math.max(box.left, 0) + scrollX, box.top + scrollY);
});
frames.addEventListener('focusout', hush);

function step(node, key) {
	const row = (at) => children[at].filter((child) => drawn.has(child)).sort((a, b) => totals[value][b] - totals[value][a] || a - b);
	if (key === 'ArrowUp')
		return data.parents[node];
	if (key === 'ArrowDown')
		return row(node)[0];
	const beside = row(data.parents[node]);
	return beside[beside.indexOf(node) + (key === 'ArrowRight' ? 1 : -1)];
}

addEventListener('keydown', (event) => {
	const node = nodeAt(document.activeElement || root), typing = document.activeElement === $('search');
	if (event.ctrlKey || event.metaKey || event.altKey)
		return;
	if (event.key === '/' && !typing) {
		$('search').focus();
		$('search').select();
	} else if (event.key === 'Escape' && (typing || wanted)) {
		$('search').value = '';
		$('search').blur();
		search('');
	} else if (event.key === 'Escape') {
		zoom(0);
	} else if (node !== undefined && (event.key === 'Enter' || event.key === ' ')) {
		zoom(node);
	} else if (node !== undefined && event.key.startsWith('Arrow')) {
		const to = step(node, event.key);
		if (to !== undefined && drawn.has(to))
			drawn.get(to).focus();
	} else {
		return;
	}
	event.preventDefault();
});
$('search').addEventListener('input', () => search($('search').value));
$('reset').addEventListener('click', () => zoom(0));
$('value').addEventListener('change', () => {
	value = Number($('value').value);
	if (!totals[value][zoomed])
		zoomed = 0;
	legend();
	draw();
});
addEventListener('scroll', () => $('bar').setAttribute('y', scrollY));
addEventListener('resize', draw);

function legend() {
	const used = new Set(data.functions.map(([, , kind]) => kind)), keys = $('legend');
	keys.replaceChildren();
	if (before) {
		[[GREW, 'grew'], [SHRANK, 'shrank'], [SAME, 'as before']].forEach(([[hue, saturation, lightness], text]) => {
			const key = html('span', keys, '', 'key');
			html('i', key).style.background = `hsl(${hue} ${saturation}% ${lightness}%)`;
			key.append(text);
		});
		return;
	}
	[...used].sort().forEach((kind) => {
		const key = html('span', keys, '', 'key'), [hue, saturation, lightness] = SHADES[data.values[value].mode][data.kinds[kind]];
		html('i', key).style.background = `hsl(${hue} ${saturation}% ${lightness}%)`;
		key.append(data.kinds[kind]);
	});
}

$('plain').remove();
$('title').textContent = visible(data.title);
$('note').textContent = data.note;
data.values.forEach((each, i) => { html('option', $('value'), each.title).value = i; });
$('value').value = value;
legend();
measure();
draw();
