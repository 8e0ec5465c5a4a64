extension HTMLReport {
  /// For wide and narrow screens, light and dark.
  static let style = """
    :root{--fg:#1b1f24;--muted:#57606a;--bg:#fff;--card:#f6f8fa;--border:#d0d7de;--green:#1a7f37;--amber:#9a6700;--purple:#8250df;--red:#cf222e;--blue:#0969da}
    @media (prefers-color-scheme:dark){:root{--fg:#e6edf3;--muted:#9198a1;--bg:#0d1117;--card:#161b22;--border:#3d444d;--green:#3fb950;--amber:#d29922;--purple:#ab7df8;--red:#f85149;--blue:#4493f8}}
    *{box-sizing:border-box}
    body{margin:0 auto;padding:1rem;max-width:72rem;font:15px/1.5 system-ui,sans-serif;color:var(--fg);background:var(--bg);overflow-wrap:anywhere}
    h1{font-size:1.5rem;margin:0}h2{font-size:1.15rem;margin:1.6rem 0 .5rem}h3{font-size:1rem;margin:0 0 .4rem}
    code{font-family:ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.87em}
    .digest,footer,.on,.reason{color:var(--muted)}
    .digest{margin:.2rem 0;font-size:.85rem}
    footer{margin-top:2rem;font-size:.85rem}
    .warning{border-left:4px solid var(--amber);padding:.3rem .7rem;background:var(--card)}
    .refused{border-left-color:var(--red)}.refused ul{margin:.2rem 0;padding-left:1.2rem}
    .chips{display:flex;flex-wrap:wrap;gap:.5rem;list-style:none;margin:0;padding:0}
    .chips li{border:1px solid var(--border);border-radius:1rem;padding:.1rem .8rem;background:var(--card)}
    .chips .none{color:var(--muted)}
    .chips .create{border-color:var(--green)}.chips .update,.chips .move,.chips .restart{border-color:var(--amber)}.chips .replace{border-color:var(--purple)}
    .chips .delete,.chips .data-loss{border-color:var(--red)}.chips .data-loss{color:var(--red);font-weight:600}
    .scroll{overflow-x:auto}
    .hosts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(19rem,100%),1fr));gap:.8rem}
    .host{border:1px solid var(--border);border-radius:.5rem;padding:.8rem;background:var(--card)}
    .amount{display:flex;justify-content:space-between;gap:1rem;margin:.4rem 0 .15rem;font-size:.9rem}
    .bar{position:relative;height:1.1rem;margin:.15rem 0;border:1px solid var(--border);border-radius:.3rem;background:var(--bg);overflow:hidden}
    .bar span{position:absolute;inset:0 auto 0 0;background:var(--blue);opacity:.55}
    .bar.before span{opacity:.25}
    .bar .high{background:var(--amber)}.bar .over{background:var(--red)}
    .bar em{position:absolute;inset:0 auto 0 0;padding:0 .4rem;font:normal .75rem/1rem system-ui,sans-serif}
    .bar.before em::after{content:" before"}.bar.after em::after{content:" after"}
    .filter{display:flex;flex-wrap:wrap;align-items:center;gap:.6rem;margin-bottom:.6rem}
    .filter[hidden]{display:none}
    .filter input[type=search]{flex:1 1 12rem;min-width:0;padding:.35rem .6rem;font:inherit;color:inherit;background:var(--bg);border:1px solid var(--border);border-radius:.4rem}
    .filter fieldset{border:0;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:.2rem .8rem}
    .filter legend{float:left;margin-right:.6rem;color:var(--muted)}
    .filter output{color:var(--muted)}
    .change{border:1px solid var(--border);border-radius:.5rem;margin:.4rem 0;background:var(--card)}
    .change[hidden]{display:none}
    .change summary{display:flex;flex-wrap:wrap;gap:.2rem .6rem;align-items:baseline;padding:.4rem .7rem;cursor:pointer}
    .change table{width:100%;border-collapse:collapse;font-size:.9rem}
    .change th,.change td{text-align:left;vertical-align:top;padding:.2rem .7rem;border-top:1px solid var(--border);font-weight:400}
    .change thead th{color:var(--muted)}
    .symbol{font-family:ui-monospace,monospace;font-weight:700}
    .symbol.create{color:var(--green)}.symbol.update,.symbol.move{color:var(--amber)}.symbol.replace{color:var(--purple)}.symbol.delete{color:var(--red)}
    .effect{border-radius:1rem;padding:0 .6rem;font-size:.8rem;border:1px solid currentColor}
    .effect.live{color:var(--green)}.effect.restart,.effect.stop{color:var(--amber)}.effect.replace{color:var(--purple)}.effect.data_loss{color:var(--red);font-weight:700}
    @media print{.filter{display:none}}

    """

  /// Shows the filter, and hides the changes that it leaves out.
  static let script = """
    (() => {
      const filter = document.getElementById("filter");
      if (!filter) return;
      const search = document.getElementById("search");
      const boxes = [...filter.querySelectorAll("input[type=checkbox]")];
      const changes = [...document.querySelectorAll(".change")];
      const texts = changes.map(c => (c.textContent + " " + (c.dataset.names || "")).toLowerCase());
      const update = () => {
        const words = search.value.toLowerCase().split(/\\s+/).filter(Boolean);
        const effects = new Set(boxes.filter(b => b.checked).map(b => b.value));
        let shown = 0;
        changes.forEach((change, i) => {
          const fits = effects.has(change.dataset.effect) && words.every(w => texts[i].includes(w));
          change.hidden = !fits;
          if (fits) shown += 1;
        });
        document.getElementById("shown").textContent = `${shown} of ${changes.length}`;
      };
      filter.hidden = false;
      filter.addEventListener("input", update);
      filter.addEventListener("submit", event => event.preventDefault());
      update();
    })();
    """
}
