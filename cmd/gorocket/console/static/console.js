// The plots of the cluster page: uPlot draws what /data/... says, every two seconds while the page is looked at.
"use strict";
(function () {
	const colors = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#8c564b", "#7f7f7f"];
	const every = 2000; // ms

	function style(name) {
		return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
	}

	function make(box, names, data) {
		const axis = {stroke: style("--fg"), grid: {stroke: style("--line"), width: 1}, ticks: {stroke: style("--line")}};
		const series = [{}].concat(names.map((name, i) => ({label: name, stroke: colors[i % colors.length], width: 2,
			dash: i >= colors.length ? [6, 4] : undefined, value: (u, v) => v == null ? "–" : v.toFixed(1)})));
		return new uPlot({width: box.clientWidth, height: 200, series: series, axes: [axis, Object.assign({size: 60}, axis)],
			scales: {y: {range: (u, low, high) => [0, Math.max(1, high || 0) * 1.1]}}, cursor: {drag: {x: false, y: false}}}, data, box);
	}

	function draw(root) {
		const made = new Map();
		async function look() {
			if (document.hidden) {
				return;
			}
			const answer = await fetch(root.dataset.plots, {credentials: "same-origin"});
			if (!answer.ok) {
				return;
			}
			const all = await answer.json();
			for (const box of root.querySelectorAll("[data-plot]")) {
				const plot = all.plots[box.dataset.plot];
				const data = [all.times].concat(plot.values);
				const old = made.get(box);
				if (old && old.names === plot.names.join("\n")) {
					old.plot.setData(data);
					continue;
				}
				if (old) {
					old.plot.destroy();
				}
				made.set(box, {names: plot.names.join("\n"), plot: make(box, plot.names, data)});
			}
		}
		const quiet = () => look().catch(() => { /* the server has gone: the next look tells */ });
		quiet();
		setInterval(quiet, every);
		window.addEventListener("resize", () => made.forEach((m, box) => m.plot.setSize({width: box.clientWidth, height: 200})));
	}

	document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-plots]").forEach(draw));
	// what is shown again every few seconds must not take the place of what somebody reads with the keyboard
	document.addEventListener("htmx:beforeRequest", (e) => {
		const live = e.target.closest("#live");
		if (document.hidden || live && live === e.target && live.contains(document.activeElement)) {
			e.preventDefault();
		}
	});
})();
