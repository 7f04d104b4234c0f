// The console in headless Chromium: each page opened, each action done with its effect looked for at the broker, no error
// in the browser's log, no request to another host, no serious finding of axe-core. Run by `make console-test`.
import {execFile, spawn} from "node:child_process";
import {createServer} from "node:http";
import {mkdir, mkdtemp, readFile, rm, writeFile} from "node:fs/promises";
import {tmpdir} from "node:os";
import path from "node:path";
import {fileURLToPath} from "node:url";
import {promisify} from "node:util";
import axe from "axe-core";
import {chromium} from "playwright-core";

const here = path.dirname(fileURLToPath(import.meta.url));
const program = path.join(process.env.GOROCKET_BIN, "gorocket");
const pictures = process.env.CONSOLE_PICTURES ?? path.join(here, "..", ".work", "console");
const root = {name: "root", secret: "root-secret-12345"};
const started = []; // processes to end, by us alone
let passed = 0;
const failures = [];

function check(what, good, detail = "") {
	if (good) {
		passed++;
		return;
	}
	failures.push(what);
	console.log(`FAILED: ${what} ${detail}`);
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// until waits for something that comes to pass by itself.
async function until(what, ok, limit = 30_000) {
	const end = Date.now() + limit;
	for (let last; ; await pause(100)) {
		try {
			if (await ok()) {
				check(what, true);
				return;
			}
		} catch (e) {
			last = e;
		}
		if (Date.now() > end) {
			check(what, false, last ?? "");
			return;
		}
	}
}

// start runs the program and waits for what it prints.
function start(args, ready, env = {}) {
	return new Promise((done, fail) => {
		const p = spawn(program, args, {stdio: ["pipe", "pipe", "pipe"], env: {...process.env, ...env}});
		started.push(p);
		let out = "", log = "";
		const late = setTimeout(() => fail(new Error(`${args}: not ready in time\n${out}\n${log}`)), 120_000);
		p.stderr.on("data", (d) => { log = (log + d).slice(-20_000); });
		p.stdout.on("data", (d) => {
			out += d;
			if (ready.test(out)) {
				clearTimeout(late);
				done({process: p, out});
			}
		});
		p.on("exit", (code) => { clearTimeout(late); fail(new Error(`${args} ended with ${code}\n${out}\n${log}`)); });
	});
}

async function end() {
	for (const p of started.reverse()) {
		if (p.exitCode === null) {
			const gone = new Promise((done) => p.once("exit", done));
			p.kill("SIGTERM");
			await Promise.race([gone, pause(20_000).then(() => p.kill("SIGKILL"))]);
		}
	}
}

// mqadmin asks the cluster without the console.
function mqadminOf(names, user) {
	return async (...args) => {
		const env = {...process.env, NAMESRV_ADDR: names};
		if (user) {
			Object.assign(env, {ROCKETMQ_ACCESS_KEY: user.name, ROCKETMQ_SECRET_KEY: user.secret});
		}
		const {stdout} = await promisify(execFile)(program, ["admin", ...args, "--json"], {env, maxBuffer: 1 << 26});
		return stdout.trim() ? JSON.parse(stdout) : null;
	};
}

// watch notes what must not happen in a browser page.
function watch(page, origin) {
	page.on("console", (m) => {
		if (["error", "warning"].includes(m.type()) && !expected.some((r) => r.test(m.text()))) {
			check("nothing in the browser's log", false, `${page.url()}: ${m.text()}`);
		}
	});
	page.on("pageerror", (e) => check("no error of a script", false, `${page.url()}: ${e}`));
	page.on("dialog", (d) => { check("no dialog", false, d.message()); d.dismiss(); });
	page.on("request", (r) => {
		if (!r.url().startsWith(origin)) {
			check("no request to another host", false, r.url());
		}
	});
	page.on("requestfailed", (r) => {
		if (!/ERR_ABORTED/.test(r.failure()?.errorText)) { // a poll that a new page ends
			check("no request fails", false, `${r.url()} ${r.failure()?.errorText}`);
		}
	});
}
let expected = []; // messages of the browser's log that a test causes

// look checks a page as it is shown: by axe-core, and that nothing is wider than the screen.
async function look(page, name) {
	await page.evaluate(axe.source);
	const found = await page.evaluate(() => window.axe.run(document, {resultTypes: ["violations"]}));
	const bad = found.violations.filter((v) => ["serious", "critical"].includes(v.impact));
	check(`axe-core on ${name}`, bad.length === 0, JSON.stringify(bad.map((v) => [v.id, v.nodes.map((n) => [n.html, n.failureSummary])])));
	const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
	check(`${name} fits the screen`, wide <= 0, `${wide} pixels too wide`);
	const tabindex = await page.evaluate(() => [...document.querySelectorAll("[tabindex]")].filter((e) => e.tabIndex > 0).length);
	check(`${name} keeps the order of the keyboard`, tabindex === 0);
}

async function picture(page, name) {
	await page.screenshot({path: path.join(pictures, `console-${name}.png`)});
}

// submit opens the form that leads to an action, fills it and sends it; then the page says that it is done.
async function submit(page, action, fields, which = "") {
	const form = page.locator(`form[action="/${action}"]${which}`).first();
	const box = page.locator("details", {has: form});
	if (await box.count() && !await box.first().evaluate((d) => d.open)) {
		await box.first().locator("summary").focus();
		await page.keyboard.press("Enter");
	}
	for (const [name, value] of Object.entries(fields)) {
		const field = typeof value === "object" ? form.locator(`[name="${name}"][value="${value.value}"]`) : form.locator(`[name="${name}"]`);
		const kind = await field.first().evaluate((e) => e.type);
		if (kind === "checkbox") {
			await field.first().setChecked(typeof value === "object" || value);
		} else if (kind === "select-one") {
			await field.selectOption(value);
		} else {
			await field.fill(value);
		}
	}
	await Promise.all([page.waitForNavigation(), form.locator("button").last().click()]);
	check(`${action} says that it is done`, await page.locator(".done").count() === 1, `${page.url()}: ${await page.locator("main").innerText()}`);
}

// withLogin: a broker that asks for users; all pages, all actions.
async function withLogin(browser, dir) {
	const conf = path.join(dir, "broker.conf");
	await writeFile(conf, ["brokerName=broker-a", "authenticationEnabled=true", "authorizationEnabled=true", "traceTopicEnable=true",
		`initAuthenticationUser={"username":"${root.name}","password":"${root.secret}"}`,
		'innerClientAuthenticationCredentials={"accessKey":"inner","secretKey":"inner-secret-12345"}', ""].join("\n"));
	const server = await start(["standalone", "--dev", "-c", conf], /^ready .*$/m);
	const origin = /^Console +(http:\S+)\/$/m.exec(server.out)[1];
	const [, names, broker] = /^ready namesrv=(\S+) broker=(\S+)/m.exec(server.out);
	const mqadmin = mqadminOf(names, root);
	const context = await browser.newContext({locale: "en-GB", viewport: {width: 1200, height: 800}});
	const page = await context.newPage();
	watch(page, origin);

	await page.goto(origin + "/topics");
	check("who has not logged in is sent to the login", new URL(page.url()).pathname === "/login");
	await look(page, "login");
	await page.keyboard.press("Tab"); // the name has the focus; the rest by keyboard alone
	await page.locator('[name="name"]').focus();
	await page.keyboard.type(root.name);
	await page.keyboard.press("Tab");
	await page.keyboard.type("wrong");
	expected = [/401/];
	await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
	check("a wrong secret is refused", await page.locator(".problem").count() === 1);
	expected = [];
	await page.locator('[name="name"]').focus();
	await page.keyboard.type(root.name);
	await page.keyboard.press("Tab");
	await page.keyboard.type(root.secret);
	await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
	check("the login leads to where it was asked for", new URL(page.url()).pathname === "/topics", page.url());

	await topics(page, origin, mqadmin);
	await groups(page, origin, mqadmin);
	await messages(page, origin, mqadmin, broker);
	await dead(page, origin, mqadmin);
	await access(page, origin, mqadmin, broker);
	await strangers(browser, context, origin, mqadmin);

	const paths = ["/", `/broker?addr=${broker}`, "/topics", "/topics?all=yes", "/topic?name=Orders", "/groups?all=yes", "/group?name=shop",
		"/messages", "/messages?topic=Orders&by=time", page.messagePath, "/waiting", "/dead", "/dead?group=shop", "/replication", "/access",
		"/settings", `/settings?addr=${names}&all=yes`];
	await everyPage(browser, await context.storageState(), origin, paths);

	await page.goto(origin + "/");
	await Promise.all([page.waitForNavigation(), page.locator('form[action="/logout"] button').click()]);
	await page.goto(origin + "/");
	check("after the logout nobody is inside", new URL(page.url()).pathname === "/login");
	await context.close();
}

async function topics(page, origin, mqadmin) {
	await page.goto(origin + "/topics");
	await submit(page, "topic/put", {name: "Orders", read: "4", write: "4", kind: "NORMAL"});
	const route = await mqadmin("topicRoute", "-t", "Orders");
	check("the broker has the topic", JSON.stringify(route).includes('"writeQueueNums":4'), JSON.stringify(route));
	await submit(page, "topic/put", {write: "6", read: "6"});
	check("and changes it", JSON.stringify(await mqadmin("topicRoute", "-t", "Orders")).includes('"writeQueueNums":6'));
	await page.goto(origin + "/topics");
	await submit(page, "topic/put", {name: "Wrong"});
	await page.goto(origin + "/topics");
	await page.locator('[name="q"]').fill("ORD");
	await until("the search shows what it finds while one types", async () => !(await page.locator("#list").innerText()).includes("Wrong"));
	check("and what it is looked for", (await page.locator("#list").innerText()).includes("Orders"));
	await page.goto(origin + "/topic?name=Wrong");
	await submit(page, "topic/delete", {sure: true});
	await until("the topic is gone", async () => !(await mqadmin("topicList")).some((t) => JSON.stringify(t).includes("Wrong")));
}

async function groups(page, origin, mqadmin) {
	await page.goto(origin + "/groups");
	await submit(page, "group/put", {name: "shop", retries: "5"});
	const config = JSON.stringify(await mqadmin("getConsumerConfig", "-g", "shop"));
	check("the broker has the group", config.includes('"retryMaxTimes":5'), config);
	await submit(page, "group/put", {retries: "6"});
	check("and changes it", JSON.stringify(await mqadmin("getConsumerConfig", "-g", "shop")).includes('"retryMaxTimes":6'));
	for (let i = 0; i < 8; i++) {
		await mqadmin("sendMessage", "-t", "Orders", "-p", `order ${i}`, "-k", `order-${i}`, "-b", "broker-a", "-i", "0");
	}
	await mqadmin("resetOffsetByTime", "-g", "shop", "-t", "Orders", "-s", "0");
	const lag = async () => {
		const s = await mqadmin("consumerProgress", "-g", "shop", "-t", "Orders");
		return s.diffTotal ?? s.diff ?? s.queues.reduce((n, q) => n + q.diff, 0);
	};
	await until("the lag is shown", async () => {
		await page.goto(origin + "/group?name=shop");
		return /Lag 8/.test(await page.locator("h1").innerText());
	});
	await submit(page, "group/skip", {topic: "Orders", sure: true});
	check("what waited is skipped", await lag() === 0, JSON.stringify(await mqadmin("consumerProgress", "-g", "shop", "-t", "Orders")));
	await submit(page, "group/reset", {topic: "Orders", time: "2020-01-01T00:00:00"});
	check("and waits again", await lag() === 8);
	await page.goto(origin + "/groups");
	await submit(page, "group/put", {name: "copy"});
	await page.goto(origin + "/group?name=shop");
	await submit(page, "group/clone", {topic: "Orders", to: "copy"});
	check("the copy is where the other is", (await page.locator("h1").innerText()).includes("copy"));
	await submit(page, "group/delete", {sure: true});
	check("the copy is gone", !JSON.stringify(await mqadmin("getConsumerConfig", "-g", "copy")).includes('"copy"'));
}

const hostile = `{"html":"</pre><script>alert(1)</script><img src=x onerror=alert(2)>","amount":12.5}`;

async function messages(page, origin, mqadmin) {
	await page.goto(origin + "/topic?name=Orders");
	await submit(page, "topic/send", {keys: "order-4711", tags: "<b>red</b>", body: hostile});
	check("the body is shown as it is", (await page.locator("main").innerText()).includes("<script>alert(1)</script>"));
	page.messagePath = page.url().slice(origin.length).replace(/&done=.*/, "");
	const id = new URL(page.url()).searchParams.get("id");
	await until("the broker finds it by its key", async () => JSON.stringify(await mqadmin("queryMsgByKey", "-t", "Orders", "-k", "order-4711")).includes(id));
	const at = (await mqadmin("queryMsgById", "-t", "Orders", "-i", id))[0].storeTimestamp + 5;
	const pub = ["Pub", at - 9, "r", "shop-frontend", "Orders", id, "", "order-4711", "h", "71", "12", "0", "o", "true"].join("\x01");
	const sub = (group, cost, ok) => ["SubAfter", "q", id, cost, ok, "order-4711", "0", at + 30 + cost, group].join("\x01");
	await mqadmin("sendMessage", "-t", "RMQ_SYS_TRACE_TOPIC", "-k", id, "-p", [pub, sub("shop", 25, "true"), sub("billing", 60, "false")].join("\x02"));
	await until("the trace is a picture", async () => {
		await page.goto(origin + page.messagePath);
		return await page.locator("svg.picture rect").count() === 3;
	});
	await page.locator("h2", {hasText: "Trace"}).scrollIntoViewIfNeeded();
	await picture(page, "message");
	for (const [by, fields] of Object.entries({key: {key: "order-4711"}, id: {id}, time: {}, queue: {broker: "broker-a", queue: "0"}})) {
		await page.goto(origin + "/messages");
		const form = page.locator("form", {has: page.locator(`input[name="by"][value="${by}"]`)});
		await form.locator('[name="topic"]').fill("Orders");
		for (const [name, value] of Object.entries(fields)) {
			await form.locator(`[name="${name}"]`).fill(value);
		}
		await Promise.all([page.waitForNavigation(), form.locator("button").click()]);
		const rows = await page.locator("tbody tr a").count();
		check(`messages are found by ${by}`, rows > 0, page.url());
	}
	await page.goto(origin + "/topic?name=Orders");
	await submit(page, "topic/send", {keys: "later", body: "later", delay: "3600"});
	await until("the timer message waits", async () => {
		await page.goto(origin + "/waiting");
		return (await page.locator("main").innerText()).includes("later");
	});
}

async function dead(page, origin, mqadmin) {
	for (const topic of ["%DLQ%shop", "%RETRY%shop"]) {
		await mqadmin("updateTopic", "-c", "DefaultCluster", "-t", topic, "-r", "1", "-w", "1", "-p", "6");
	}
	for (let i = 0; i < 3; i++) {
		await mqadmin("sendMessage", "-t", "%DLQ%shop", "-p", `dead ${i}`, "-k", `dead-${i}`);
	}
	const retries = async () => (await mqadmin("topicStatus", "-t", "%RETRY%shop"));
	await until("the dead letters are listed", async () => {
		await page.goto(origin + "/dead");
		return (await page.locator("main").innerText()).includes("shop");
	});
	await page.getByRole("link", {name: "shop", exact: true}).click();
	await page.locator('tbody input[name="id"]').first().check();
	await submit(page, "dead/resend", {});
	const count = (s) => JSON.stringify(s).match(/"max(?:Offset)?":(\d+)/i)?.[1];
	check("one goes to the group again", count(await retries()) === "1", JSON.stringify(await retries()));
	await submit(page, "dead/resend", {all: true, sure: true});
	check("all go to the group again", count(await retries()) === "4", JSON.stringify(await retries()));
}

async function access(page, origin, mqadmin, broker) {
	await page.goto(origin + "/access");
	await submit(page, "user/put", {name: "alice", secret: "alice-secret-12345", type: "Normal"});
	check("the broker has the user", JSON.stringify(await mqadmin("listUser", "-b", broker)).includes("alice"));
	await submit(page, "policy/put", {subject: "User:alice", resource: "Topic:Orders", action: {value: "Pub"}, decision: "Allow"});
	check("and what it may do", JSON.stringify(await mqadmin("listAcl", "-b", broker)).includes("Topic:Orders"));
	await submit(page, "policy/delete", {});
	check("and not any more", !JSON.stringify(await mqadmin("listAcl", "-b", broker)).includes("Topic:Orders"));
	await submit(page, "user/delete", {name: "alice", sure: true});
	check("the user is gone", !JSON.stringify(await mqadmin("listUser", "-b", broker)).includes("alice"));
}

// strangers: pages of other sites and other names of this machine do nothing, even in a browser that has logged in.
async function strangers(browser, context, origin, mqadmin) {
	const evil = createServer((_, answer) => {
		answer.setHeader("Content-Type", "text/html");
		answer.end(`<form method="post" action="${origin}/topic/put"><input name="name" value="Stolen"><input name="cluster" value="DefaultCluster">
			<input name="token" value="x"></form><iframe src="${origin}/"></iframe><script>
			fetch("${origin}/topics", {credentials: "include"}).then((a) => a.text()).then(() => note("read"), () => note("refused"))
				.finally(() => document.forms[0].submit());</script>`);
	});
	await new Promise((done) => evil.listen(0, "127.0.0.1", done));
	const page = await context.newPage();
	const notes = [];
	await page.exposeFunction("note", (t) => { notes.push(t); });
	await page.goto(`http://127.0.0.1:${evil.address().port}/`);
	await page.waitForURL(origin + "/topic/put", {timeout: 30_000});
	check("a page of another site reads nothing", notes.join() === "refused", notes.join());
	check("a page of another site does nothing", !JSON.stringify(await mqadmin("topicList")).includes("Stolen"));
	check("and is told so", (await page.locator("body").innerText()).includes("cross-origin"), await page.locator("body").innerText());
	await page.close();
	evil.close();
}

// everyPage: all pages in both languages, light and dark, on a desk and on a phone.
async function everyPage(browser, state, origin, paths) {
	const ways = [{locale: "en-GB", colorScheme: "light", viewport: {width: 1200, height: 800}},
		{locale: "zh-CN", colorScheme: "dark", viewport: {width: 390, height: 844}, isMobile: true, hasTouch: true}];
	for (const way of ways) {
		const context = await browser.newContext({...way, storageState: state});
		const page = await context.newPage();
		watch(page, origin);
		for (const p of paths) {
			const name = `${p} (${way.locale}, ${way.colorScheme}, ${way.viewport.width})`;
			const answer = await page.goto(origin + p);
			check(`${name} is there`, answer.status() === 200, `${answer.status()}`);
			check(`${name} is in its language`, await page.locator("html").getAttribute("lang") === (way.locale === "zh-CN" ? "zh-CN" : "en"));
			await look(page, name);
		}
		await page.goto(origin + "/");
		await page.keyboard.press("Tab");
		check("the first stop of the keyboard leads to the content", await page.evaluate(() => document.activeElement.className === "skip"));
		await page.keyboard.press("Enter");
		check("and it leads there", await page.evaluate(() => document.activeElement.id === "main" || location.hash === "#main"));
		if (way.isMobile) {
			await page.goto(origin + "/group?name=shop");
			await picture(page, "phone");
		}
		await context.close();
	}
}

// severalBrokers: the console alone, beside a cluster with controllers and two groups of two brokers.
async function severalBrokers(browser) {
	const cluster = await start(["cluster", "--dev"], /^ready .*$/m);
	const names = /^ready .*namesrv=(\S+)/m.exec(cluster.out)[1];
	const server = await start(["console", "-n", names, "--port", "18082"], /^ready .*$/m);
	const origin = /^ready console=(http:\S+)\/$/m.exec(server.out)[1];
	const mqadmin = mqadminOf(names);
	const context = await browser.newContext({locale: "en-GB", viewport: {width: 1100, height: 760}});
	const page = await context.newPage();
	watch(page, origin);
	await page.goto(origin + "/topics");
	await submit(page, "topic/put", {name: "Orders", read: "4", write: "4"});
	const route = JSON.stringify(await mqadmin("topicRoute", "-t", "Orders"));
	check("both groups of brokers have the topic", (route.match(/"writeQueueNums":4/g) ?? []).length === 2, route);
	await page.goto(origin + "/");
	let loading = true;
	const load = (async () => {
		while (loading) {
			await mqadmin("sendMsgStatus", "-b", "Orders", "-c", "10000", "-s", "512").catch(() => pause(100));
		}
	})();
	await until("the plots draw all four brokers", async () => await page.locator(".u-legend .u-series").count() >= 2 * (1 + 4 * 2));
	await pause(Number(process.env.CONSOLE_PLOTS ?? 5) * 1000); // for a picture that shows something
	for (let i = 0; process.env.CONSOLE_PLOTS && i < 90 && !/[1-9]/.test(await page.locator("#live tbody tr td:nth-child(9)").first().innerText()); i++) {
		await pause(1000); // brokers tell the latency of whole minutes
	}
	check("the table has all of them", await page.locator("#live tbody tr").count() === 4);
	await picture(page, "cluster");
	loading = false;
	await load;
	await until("the slaves keep up", async () => {
		await page.goto(origin + "/replication");
		return await page.locator("svg.picture line.edge").count() === 2 && !(await page.locator("main").innerText()).includes("?");
	}, 60_000);
	await until("one of three controllers leads", async () => {
		await page.goto(origin + "/replication");
		return await page.locator("svg.picture rect.strong").count() === 1 + 2 && await page.locator(".problem").count() === 0;
	}, 60_000);
	await look(page, "/replication of a cluster");
	await picture(page, "replication");
	for (const p of ["/", "/topics", "/topic?name=Orders", "/groups?all=yes", "/waiting", "/settings", "/access", "/dead", "/messages?topic=Orders&by=time"]) {
		const answer = await page.goto(origin + p);
		check(`${p} of a cluster is there`, answer.status() === 200, `${answer.status()} ${await page.locator("main").innerText()}`);
	}
	await context.close();
}

const began = Date.now();
const dir = await mkdtemp(path.join(tmpdir(), "gorocket-console-"));
await mkdir(pictures, {recursive: true});
const browser = await chromium.launch({executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu",
	"--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]});
try {
	await withLogin(browser, dir);
	await severalBrokers(browser);
} catch (e) {
	check("the run goes to its end", false, e.stack);
} finally {
	await browser.close();
	await end();
	await rm(dir, {recursive: true, force: true});
}
console.log(`console: ${passed} passed, ${failures.length} failed, 0 skipped, in ${Math.round((Date.now() - began) / 1000)} s`);
process.exitCode = failures.length ? 1 : 0;
