"""vsix.py DIR: packs the built extension into DIR as an installable .vsix, the same bytes from the same files.

A .vsix is a zip with two small XML files beside the extension; this spares the build some 290 packages.
"""

import json
import sys
import zipfile
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

HERE = Path(__file__).resolve().parent
FILES = ("package.json", "README.md", "LICENSE", "media/magray.svg", "out/extension.js")
TYPES = {"json": "application/json", "md": "text/markdown", "svg": "image/svg+xml", "js": "application/javascript",
         "vsixmanifest": "text/xml"}  # fmt: skip
EPOCH = (1980, 1, 1, 0, 0, 0)


def manifest(package: dict[str, Any]) -> str:
    """The gallery's description of the extension."""
    code, assets = "Microsoft.VisualStudio.Code", "Microsoft.VisualStudio"
    values = {"Engine": package["engines"]["vscode"], "ExtensionKind": ",".join(package["extensionKind"])}
    files = {"Code.Manifest": "package.json", "Content.Details": "README.md", "Content.License": "LICENSE"}
    properties = "".join(f'<Property Id="{code}.{name}" Value={quoteattr(value)}/>' for name, value in values.items())
    listed = "".join(
        f'<Asset Type="{assets}.{name}" Path="extension/{path}" Addressable="true"/>' for name, path in files.items()
    )
    identity = " ".join(
        f"{name}={quoteattr(value)}"
        for name, value in (
            ("Language", "en-US"), ("Id", package["name"]),
            ("Version", package["version"]), ("Publisher", package["publisher"]),
        )
    )  # fmt: skip
    return f"""<?xml version="1.0" encoding="utf-8"?>
<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011">
<Metadata>
<Identity {identity}/>
<DisplayName>{escape(package["displayName"])}</DisplayName>
<Description xml:space="preserve">{escape(package["description"])}</Description>
<Tags>{escape(",".join(package["keywords"]))}</Tags>
<Categories>{escape(",".join(package["categories"]))}</Categories>
<Properties>{properties}</Properties>
<License>extension/LICENSE</License>
</Metadata>
<Installation><InstallationTarget Id="{code}"/></Installation>
<Dependencies/>
<Assets>{listed}</Assets>
</PackageManifest>
"""


def content_types() -> str:
    """The MIME type of every kind of file in the package."""
    rows = "".join(f'<Default Extension=".{suffix}" ContentType="{mime}"/>' for suffix, mime in TYPES.items())
    schema = "http://schemas.openxmlformats.org/package/2006/content-types"
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<Types xmlns="{schema}">{rows}'
        '<Override PartName="/extension/LICENSE" ContentType="text/plain"/></Types>\n'
    )


def main(out: Path) -> None:
    """Write the package."""
    package = json.loads((HERE / "package.json").read_text(encoding="utf-8"))
    parts = {"extension.vsixmanifest": manifest(package).encode(), "[Content_Types].xml": content_types().encode()}
    parts |= {f"extension/{name}": (HERE / name).read_bytes() for name in FILES if name != "LICENSE"}
    parts["extension/LICENSE"] = (HERE.parents[1] / "LICENSE").read_bytes()
    with zipfile.ZipFile(out / f"{package['name']}-{package['version']}.vsix", "w", zipfile.ZIP_DEFLATED) as vsix:
        for name, data in parts.items():
            vsix.writestr(zipfile.ZipInfo(name, EPOCH), data, zipfile.ZIP_DEFLATED)
    sys.stdout.write(f"{vsix.filename}\n")


main(Path(sys.argv[1]))
