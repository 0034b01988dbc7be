// Plots: every [data-plot] has its figures as JSON in it; uPlot draws them in the colours of the page.
"use strict";
(() => {
  const drawn = new Map();
  const legends = new WeakMap();  // what each has below its lines, and beside them

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // Times as the tables of the page have them: its zone, 24 hours, days before months only where the language says so.
  const html = document.documentElement;
  const written = (fields) => new Intl.DateTimeFormat(html.lang, { timeZone: html.dataset.zone, hourCycle: "h23", ...fields });
  const clock = { hour: "2-digit", minute: "2-digit" }, date = { day: "2-digit", month: "2-digit" };
  const forms = { day: written(date), minute: written(clock), second: written({ ...clock, second: "2-digit" }), all: written({ ...date, ...clock, second: "2-digit" }) };
  const ticks = (apart) => (apart >= 86400 ? forms.day : apart >= 60 ? forms.minute : forms.second);

  function options(element, data) {
    const text = colour("--muted"), line = colour("--line");
    const axis = { stroke: text, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: "12px system-ui, sans-serif" };
    const unit = data.unit || "";
    const number = (value, digits) => `${value.toLocaleString(html.lang, { maximumFractionDigits: digits })}${unit}`;
    const series = data.series.map((each, index) => ({
      label: each.label,
      stroke: colour(`--plot-${each.colour || index + 1}`),
      fill: each.fill ? colour(`--plot-${each.colour || index + 1}`) + "22" : undefined,
      width: 2,
      points: { show: data.labels.length < 2 },
      value: (_, value) => value == null ? "–" : number(value, 2),
    }));
    const bottom = data.times ? { ...axis, values: (_, splits, __, ___, apart) => splits.map((at) => ticks(apart).format(at * 1000)) } : { ...axis, values: (_, ticks) => ticks.map((tick) => data.labels[tick] ?? "") };
    return {
      width: element.clientWidth || 300,
      height: Number(element.dataset.height),
      cursor: { drag: { x: false, y: false } },
      legend: { live: true },
      scales: { x: { time: Boolean(data.times) }, y: { range: (_, low, high) => [Math.min(0, low), high > 0 ? high * 1.1 : 1] } },
      axes: [bottom, { ...axis, size: 60 + 6 * unit.length, values: (_, splits) => splits.map((value) => number(value, 6)) }],
      series: [{ label: html.dataset.time, value: (_, at) => (at == null ? "–" : data.times ? forms.all.format(at * 1000) : data.labels[at] ?? "") }, ...series],
    };
  }

  const legend = (data) => JSON.stringify([data.labels, data.series.map((each) => each.label)]);

  const columns = (data) => [
    data.times ? data.labels : data.labels.map((_, index) => index),
    ...data.series.map((each) => each.values),
  ];

  function draw(element) {
    const holder = element.querySelector("script[type='application/json']");
    if (!holder || !window.uPlot) return;
    const data = JSON.parse(holder.textContent);
    const old = drawn.get(element);
    if (old) old.destroy();
    drawn.set(element, new uPlot(options(element, data), columns(data), element));
    legends.set(element, legend(data));
  }

  function all() {
    for (const element of [...drawn.keys()])
      if (!element.isConnected) { drawn.get(element).destroy(); drawn.delete(element); }
    for (const element of document.querySelectorAll("[data-plot]")) if (!drawn.has(element)) draw(element);
  }

  // New figures for a plot that is drawn: an event of the server's with {id: {labels, series: [[...], ...]}}. Where lines
  // come and go, or the steps below them, it has the whole plot, which is drawn anew when they are others.
  document.addEventListener("htmx:sseBeforeMessage", (event) => {
    if (event.detail.type !== "plots") return;
    event.preventDefault();
    for (const [id, data] of Object.entries(JSON.parse(event.detail.data))) {
      const element = document.getElementById(id), plot = element && drawn.get(element);
      if (!plot) continue;
      if (!data.title) plot.setData([data.labels, ...data.series]);
      else if (legend(data) === legends.get(element)) plot.setData(columns(data));
      else {
        element.querySelector("script[type='application/json']").textContent = JSON.stringify(data);
        draw(element);
      }
    }
  });

  let waiting = 0;
  window.addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      for (const [element, plot] of drawn) plot.setSize({ width: element.clientWidth, height: Number(element.dataset.height) });
    }, 100);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { for (const element of drawn.keys()) draw(element); });
  document.addEventListener("DOMContentLoaded", all);
  document.addEventListener("htmx:afterSettle", all);
})();
