extension EstateDrawing {
  /// The style sheet of a drawing, for light and dark surroundings.
  static let style = """
    .drawing{--ink:#1b1f24;--soft:#57606a;--paper:#fff;--line:#d0d7de;--new:#1a7f37;--edit:#9a6700;--swap:#8250df;--gone:#cf222e;font-family:ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace}
    @media (prefers-color-scheme:dark){.drawing{--ink:#e6edf3;--soft:#9198a1;--paper:#161b22;--line:#3d444d;--new:#3fb950;--edit:#d29922;--swap:#ab7df8;--gone:#f85149}}
    .drawing text{fill:var(--ink);white-space:pre}
    .drawing .label{fill:var(--soft)}
    .drawing .heading,.drawing .name{font-weight:600}
    .drawing .frame{fill:none;stroke:var(--line)}
    .drawing .box{fill:var(--paper);stroke:var(--soft)}
    .drawing .foreign{stroke-dasharray:3 3}
    .drawing .action-create{stroke:var(--new);stroke-width:2}
    .drawing .action-update,.drawing .action-move{stroke:var(--edit);stroke-width:2}
    .drawing .action-replace{stroke:var(--swap);stroke-width:2}
    .drawing .action-delete{stroke:var(--gone);stroke-width:2;stroke-dasharray:6 3}
    .drawing .action-adopt{stroke:var(--soft);stroke-width:2}
    .drawing .action-forget{stroke:var(--soft);stroke-width:2;stroke-dasharray:6 3}
    .drawing .state{fill:none;stroke:var(--soft)}
    .drawing .state-running{fill:var(--new);stroke:var(--new)}
    .drawing .state-paused{fill:var(--edit);stroke:var(--edit)}
    .drawing .disk{fill:var(--paper);stroke:var(--soft)}
    .drawing .disk-shared{stroke-width:2}
    .drawing .disk-existing,.drawing .disk-cdrom{stroke-dasharray:3 3}
    .drawing .lane{stroke-width:3;fill:none}
    .drawing .dot{stroke:none}
    .lane0{stroke:#0969da;fill:#0969da}.lane1{stroke:#bf3989;fill:#bf3989}.lane2{stroke:#1a7f64;fill:#1a7f64}.lane3{stroke:#bc4c00;fill:#bc4c00}
    .lane4{stroke:#6639ba;fill:#6639ba}.lane5{stroke:#4d7c0f;fill:#4d7c0f}.lane6{stroke:#a40e26;fill:#a40e26}.lane7{stroke:#57606a;fill:#57606a}
    """
}
