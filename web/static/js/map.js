// The map island: buildings as points with the shape and colour of their worst open level, or of
// the band of their score (`data-look="bands"`).
// No tiles, no glyphs, no sprites: the ground is plain and every symbol is drawn here, so that it
// works without the internet.

const WORDS = ["none", "blue", "yellow", "orange", "red"];
const RATIO = 2;
//: what the numbers mean, the mildest first: key of the words, colour, letter
const BANDS = [["calm", "--line-strong", ""], ["cannot judge", "--ink-2", "?"], ["watch", "--band-watch", "!"], ["C-suspect", "--band-c", "C"], ["D-suspect", "--band-d", "D"]];
let bands = false;

function colour(level) {
  if (bands) return css(BANDS[level][1]);
  return level ? css(`--${WORDS[level]}`) : css("--line-strong");
}

function said(words, level) {
  return bands ? words[`band.${level}`] : words[`level.${WORDS[level]}`];
}

/** A band is drawn as what it is, a suspicion: an outline with its letter, full only for D. */
function band(context, level, x, y, r) {
  const [, , letter] = BANDS[level];
  context.beginPath();
  if (level >= 3) context.roundRect(x - r, y - r, r * 2, r * 2, r * 0.35);
  else context.arc(x, y, level ? r : r * 0.55, 0, Math.PI * 2);
  const full = level === 0 || level === 4;
  context.fillStyle = full ? colour(level) : css("--surface");
  context.fill();
  if (level) {
    context.setLineDash(level === 1 ? [1.5, 2] : level === 3 ? [3.5, 2] : []);
    context.lineWidth = 2;
    context.strokeStyle = colour(level);
    context.stroke();
    context.setLineDash([]);
    context.fillStyle = full ? css("--surface") : colour(level);
    context.font = `700 ${Math.round(r * 1.3)}px sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(letter, x, y + r * 0.08);
    context.textAlign = "start";
  }
}

function css(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function path(context, level, x, y, r) {
  context.beginPath();
  if (level === 4) context.rect(x - r * 0.88, y - r * 0.88, r * 1.76, r * 1.76);
  else if (level === 3) { context.moveTo(x, y - r * 1.15); context.lineTo(x + r * 1.15, y); context.lineTo(x, y + r * 1.15); context.lineTo(x - r * 1.15, y); context.closePath(); }
  else if (level === 2) { context.moveTo(x, y - r * 1.05); context.lineTo(x + r * 1.12, y + r * 0.9); context.lineTo(x - r * 1.12, y + r * 0.9); context.closePath(); }
  else context.arc(x, y, level === 1 ? r : r * 0.6, 0, Math.PI * 2);
}

function symbol(level, chosen) {
  const size = 34 * RATIO;
  const canvas = new OffscreenCanvas(size, size);
  const context = canvas.getContext("2d");
  context.scale(RATIO, RATIO);
  if (chosen) {
    context.beginPath();
    context.arc(17, 17, 14.5, 0, Math.PI * 2);
    context.fillStyle = css("--surface");
    context.globalAlpha = 0.85;
    context.fill();
    context.globalAlpha = 1;
    context.lineWidth = 2.5;
    context.strokeStyle = css("--accent");
    context.stroke();
  }
  if (bands) {
    band(context, level, 17, 17, 9);
    return context.getImageData(0, 0, size, size);
  }
  path(context, level, 17, 17, 9);
  context.lineJoin = "round";
  context.lineWidth = 3;
  context.strokeStyle = css("--surface");
  context.stroke();
  context.fillStyle = colour(level);
  context.fill();
  return context.getImageData(0, 0, size, size);
}

function cluster(level, count) {
  const text = count > 9999 ? `${Math.floor(count / 1000)}k` : String(count);
  const measure = new OffscreenCanvas(1, 1).getContext("2d");
  measure.font = "600 13px sans-serif";
  const width = Math.ceil(measure.measureText(text).width) + (level ? 40 : 26);
  const height = 30;
  const canvas = new OffscreenCanvas(width * RATIO, height * RATIO);
  const context = canvas.getContext("2d");
  context.scale(RATIO, RATIO);
  context.beginPath();
  context.roundRect(1.5, 1.5, width - 3, height - 3, 13.5);
  context.fillStyle = css("--surface");
  context.fill();
  context.lineWidth = level ? 2.5 : 1.5;
  context.strokeStyle = colour(level);
  context.stroke();
  if (level && bands) band(context, level, 17, 15, 7);
  else if (level) {
    path(context, level, 17, 15, 6);
    context.fillStyle = colour(level);
    context.fill();
  }
  context.fillStyle = css("--ink");
  context.font = "600 13px sans-serif";
  context.textBaseline = "middle";
  context.fillText(text, level ? 28 : 13, 15.5);
  return context.getImageData(0, 0, width * RATIO, height * RATIO);
}

/** The name of a district with its counts, on a plate that stands above its outline. */
function plate(text, level) {
  const measure = new OffscreenCanvas(1, 1).getContext("2d");
  const font = `600 12px ${css("--font")}`;
  measure.font = font;
  const width = Math.ceil(measure.measureText(text).width) + (level ? 30 : 16);
  const height = 22;
  const canvas = new OffscreenCanvas(width * RATIO, height * RATIO);
  const context = canvas.getContext("2d");
  context.scale(RATIO, RATIO);
  context.fillStyle = css("--surface");
  context.globalAlpha = 0.9;
  context.beginPath();
  context.roundRect(0.5, 0.5, width - 1, height - 1, 4);
  context.fill();
  context.globalAlpha = 1;
  context.strokeStyle = css("--line");
  context.stroke();
  if (level) {
    path(context, level, 13, 11, 5);
    context.fillStyle = css(`--${WORDS[level]}`);
    context.fill();
  }
  context.fillStyle = css("--ink-2");
  context.font = font;
  context.textBaseline = "middle";
  context.fillText(text, level ? 23 : 8, 11.5);
  return context.getImageData(0, 0, width * RATIO, height * RATIO);
}

function labels(districts, words) {
  return {
    type: "FeatureCollection",
    features: districts.features.map(({ properties: p }) => ({
      type: "Feature",
      geometry: { type: "Point", coordinates: p.label_at },
      properties: {
        icon: `plate-${p.level}-${(p.alerts ? words.district_alerts : words.district).replace("{name}", p.name).replace("{n}", p.buildings).replace("{m}", p.alerts)}`,
        level: p.level,
      },
    })),
  };
}

function bounds(features) {
  let [west, south, east, north] = [180, 90, -180, -90];
  for (const [x, y] of features.flatMap(({ geometry: { coordinates: [ring] } }) => ring)) {
    west = Math.min(west, x); east = Math.max(east, x);
    south = Math.min(south, y); north = Math.max(north, y);
  }
  return [[west, south], [east, north]];
}

function note(place, text) {
  const line = document.createElement("p");
  line.className = "map-note";
  line.textContent = text;
  place.append(line);
}

/** Where there is no WebGL the same buildings stand in a list. */
function list(place, words, features, picked) {
  place.replaceChildren();
  const box = document.createElement("div");
  box.className = "map-list";
  note(box, features.length ? words.no_webgl : words.none);
  const items = document.createElement("ul");
  for (const { properties: p } of [...features].sort((a, b) => b.properties.level - a.properties.level)) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = `/buildings/${encodeURIComponent(p.id)}`;
    link.textContent = p.name;
    link.addEventListener("focus", () => picked(p.id));
    item.append(link, ` · ${said(words, p.level)}`);
    items.append(item);
  }
  box.append(items);
  place.append(box);
}

async function read(url) {
  const answer = await fetch(url, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.json();
}

function popup(library, words, properties, at) {
  const box = document.createElement("div");
  const name = document.createElement("strong");
  name.textContent = properties.name;
  const address = document.createElement("div");
  address.textContent = properties.address;
  const level = document.createElement("div");
  level.textContent = said(words, properties.level);
  const link = document.createElement("a");
  link.href = `/buildings/${encodeURIComponent(properties.id)}`;
  link.textContent = words.open;
  box.append(name, level, address, link);
  return new library.Popup({ closeButton: false, focusAfterOpen: false, offset: 14, maxWidth: "260px" }).setLngLat(at).setDOMContent(box);
}

/**
 * Show the map in a place.
 * @returns what the desk may ask of it: `choose(building)` and `refresh()`
 */
export async function showMap(place, picked) {
  const words = JSON.parse(place.dataset.words);
  bands = place.dataset.look === "bands";
  const none = { type: "FeatureCollection", features: [] };
  let data = { ...none, districts: none };
  try {
    data = await read(place.dataset.src);
  } catch { /* shown when the next refresh succeeds */ }
  const canvas = document.createElement("canvas");
  if (!canvas.getContext("webgl2")) {
    list(place, words, data.features, picked);
    return {
      choose() {},
      async refresh() { list(place, words, (await read(place.dataset.src)).features, picked); },
    };
  }
  const library = await import("/static/lib/maplibre-gl.mjs");
  const style = () => ({
    version: 8,
    sources: {
      buildings: {
        type: "geojson",
        data,
        cluster: true,
        clusterRadius: 44,
        clusterMaxZoom: 15,
        clusterProperties: { worst: ["max", ["get", "level"]] },
      },
      districts: { type: "geojson", data: data.districts },
      plates: { type: "geojson", data: labels(data.districts, words) },
    },
    layers: [
      { id: "ground", type: "background", paint: { "background-color": css("--map-ground") } },
      { id: "districts", type: "fill", source: "districts", paint: { "fill-color": css("--surface"), "fill-opacity": 0.45 } },
      { id: "outlines", type: "line", source: "districts", layout: { "line-join": "round" }, paint: { "line-color": css("--line-strong"), "line-width": 1.25, "line-dasharray": [4, 3] } },
      {
        id: "plates", type: "symbol", source: "plates",
        layout: { "icon-image": ["get", "icon"], "icon-anchor": "bottom", "icon-offset": [0, -4], "symbol-sort-key": ["-", 0, ["get", "level"]], "icon-padding": 4 },
      },
      {
        id: "points", type: "symbol", source: "buildings", filter: ["!", ["has", "point_count"]],
        layout: {
          "icon-image": ["concat", "level-", ["to-string", ["get", "level"]]],
          "icon-allow-overlap": true, "icon-ignore-placement": true,
          "symbol-sort-key": ["get", "level"],
        },
      },
      {
        id: "clusters", type: "symbol", source: "buildings", filter: ["has", "point_count"],
        layout: {
          "icon-image": ["concat", "cluster-", ["to-string", ["get", "worst"]], "-", ["to-string", ["get", "point_count"]]],
          "icon-allow-overlap": true, "icon-ignore-placement": true,
          "symbol-sort-key": ["get", "worst"],
        },
      },
      {
        id: "chosen", type: "symbol", source: "buildings", filter: ["==", ["get", "id"], chosen ?? ""],
        layout: { "icon-image": ["concat", "chosen-", ["to-string", ["get", "level"]]], "icon-allow-overlap": true, "icon-ignore-placement": true },
      },
    ],
  });
  let chosen = null;
  let open = null;
  const reduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const map = new library.Map({
    container: place,
    style: style(),
    bounds: data.features.length ? bounds(data.districts.features) : [[115.6, 28.4], [116.2, 28.9]],
    fitBoundsOptions: { padding: 56, maxZoom: 16 },
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    fadeDuration: 0,
    locale: { "NavigationControl.ZoomIn": words.zoom_in, "NavigationControl.ZoomOut": words.zoom_out, "Map.Title": words.title },
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new library.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new library.ScaleControl({ maxWidth: 100, unit: "metric" }), "top-left");
  if (!data.features.length) note(place, words.none);

  map.setMissingStyleImageResolver((id) => {
    const [what, level, ...rest] = id.split("-");
    const count = rest.join("-");
    const image = what === "plate" ? plate(count, Number(level)) : what === "cluster" ? cluster(Number(level), Number(count)) : symbol(Number(level), what === "chosen");
    if (!map.hasImage(id)) map.addImage(id, image, { pixelRatio: RATIO });
  });
  const show = (feature) => {
    open?.remove();
    open = popup(library, words, feature.properties, feature.geometry.coordinates).addTo(map);
  };
  map.on("click", "points", ({ features }) => {
    const feature = features[0];
    control.mark(feature.properties.id);
    show(feature);
    picked(feature.properties.id);
  });
  map.on("click", "clusters", async ({ features }) => {
    const zoom = await map.getSource("buildings").getClusterExpansionZoom(features[0].properties.cluster_id);
    map.easeTo({ center: features[0].geometry.coordinates, zoom, duration: reduced ? 0 : 300 });
  });
  for (const layer of ["points", "clusters"]) {
    map.on("mouseenter", layer, () => { map.getCanvas().style.cursor = "pointer"; });
    map.on("mouseleave", layer, () => { map.getCanvas().style.cursor = ""; });
  }
  const fill = () => {
    map.getSource("buildings").setData(data);
    map.getSource("districts").setData(data.districts);
    map.getSource("plates").setData(labels(data.districts, words));
  };
  let loaded = false;
  map.on("style.load", () => {
    loaded = true;
    // what has changed while the style was on its way
    fill();
  });
  addEventListener("anju:theme", () => {
    const paint = () => {
      loaded = false;
      for (const id of map.listImages()) map.removeImage(id);
      map.setStyle(style(), { diff: false });
    };
    if (loaded) paint();
    else map.once("style.load", paint);
  });
  const control = {
    mark(id) {
      chosen = id;
      if (loaded) map.setFilter("chosen", ["==", ["get", "id"], id]);
    },
    choose(id) {
      const feature = data.features.find((f) => f.properties.id === id);
      if (!feature) return;
      const go = () => {
        control.mark(id);
        show(feature);
        map.easeTo({ center: feature.geometry.coordinates, zoom: Math.max(map.getZoom(), 16), duration: reduced ? 0 : 400 });
      };
      if (loaded) go();
      else map.once("style.load", go);
    },
    async refresh() {
      try {
        data = await read(place.dataset.src);
        place.querySelector(".map-note")?.remove();
        if (loaded) fill();
      } catch { /* the banner tells of a lost connection */ }
    },
  };
  place.dataset.state = "ready";
  map.once("idle", () => { place.dataset.state = "drawn"; });
  // told to the tests and to nobody else: what is on the screen
  place.map = map;
  return control;
}
