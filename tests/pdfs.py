"""PDFs made by hand: drawing commands on pages, and bookmarks."""

from __future__ import annotations


def drawn_pdf(*pages: str, outline: tuple[tuple[str, int, int], ...] = ()) -> bytes:
    """A PDF of drawing commands, with a bookmark per (title, page from 0, height)."""
    font = "/Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>"
    first = 4 + 2 * len(pages)
    kids = " ".join(f"{4 + 2 * k} 0 R" for k in range(len(pages)))
    parts = [
        "<< /Type /Catalog /Pages 2 0 R /Outlines 3 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        f"<< /Type /Outlines /First {first} 0 R /Last {first + len(outline) - 1} 0 R >>"
        if outline
        else "<< /Type /Outlines >>",
    ]
    for k, drawn in enumerate(pages):
        parts.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * k} 0 R "
            f"/Resources << {font} >> >>"
        )
        parts.append(f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream")
    for k, (title, page, height) in enumerate(outline):
        after = f"/Next {first + k + 1} 0 R" if k + 1 < len(outline) else ""
        parts.append(
            f"<< /Title ({title}) /Parent 3 0 R {after} "
            f"/Dest [{4 + 2 * page} 0 R /XYZ 0 {height} 0] >>"
        )
    body = "".join(f"{n} 0 obj\n{part}\nendobj\n" for n, part in enumerate(parts, start=1))
    trailer = f"trailer\n<< /Size {len(parts) + 1} /Root 1 0 R >>\n%%EOF\n"
    return f"%PDF-1.4\n{body}{trailer}".encode("latin-1")


def line(text: str, height: int, before: str = "", size: int = 12, left: int = 72) -> str:
    return f"q {before} BT /F {size} Tf {left} {height} Td ({text}) Tj ET Q\n"
