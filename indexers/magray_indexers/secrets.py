"""Which files are never read, judged by name alone: secrets, lock files, and kinds that cannot be text."""

from __future__ import annotations

import re

_SECRET = re.compile(
    r"""
    \.env (\..+)? | .+\.env | \.envrc | \.netrc | _netrc | \.pgpass | \.my\.cnf | \.npmrc | \.pypirc | \.git-credentials
    | \.htpasswd | \.dockercfg | \.s3cfg | \.boto | \.vault[-_]token | \.terraformrc | terraform\.rc
    | id_(rsa|dsa|ecdsa|ecdsa_sk|ed25519|ed25519_sk)
    | .+\.(pem|key|p12|pfx|jks|keystore|kdbx?|ppk|asc|gpg|pgp|ovpn|tfstate|tfstate\.backup|tfvars|agekey|p8|pkcs12)
    | credentials (\.(json|ya?ml|toml|ini|xml|csv|cfg|txt|db))? | .*[-_.]credentials\.json
    | client_secret.*\.json | service[-_]account.*\.json | secrets? (\.(json|ya?ml|toml|ini|env|cfg|txt))
    | \.?aws[-_]?credentials | kubeconfig | \.kube[-_]config | .+\.keytab | master\.key | \.secrets?(\..+)?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NOT_SECRET = re.compile(r".+[._-](example|sample|template|dist|defaults?|schema)(\.(json|ya?ml|toml|ini|txt))?", re.I)
_SECRET_FOLDERS = frozenset({".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker"})

_LOCK_FILES = frozenset(
    [
        "package-lock.json",
        "npm-shrinkwrap.json",
        "yarn.lock",
        "pnpm-lock.yaml",
        "bun.lock",
        "bun.lockb",
        "deno.lock",
        "poetry.lock",
        "uv.lock",
        "pdm.lock",
        "pipfile.lock",
        "pixi.lock",
        "conda-lock.yml",
        "cargo.lock",
        "go.sum",
        "go.work.sum",
        "composer.lock",
        "gemfile.lock",
        "mix.lock",
        "pubspec.lock",
        "podfile.lock",
        "package.resolved",
        "packages.lock.json",
        "flake.lock",
        "gradle.lockfile",
        "stack.yaml.lock",
        "cabal.project.freeze",
        ".terraform.lock.hcl",
    ]
)

_BINARY_SUFFIXES = frozenset(
    [
        ".png",
        ".jpg",
        ".jpeg",
        ".gif",
        ".bmp",
        ".ico",
        ".webp",
        ".tif",
        ".tiff",
        ".psd",
        ".avif",
        ".heic",
        ".mp3",
        ".mp4",
        ".m4a",
        ".mov",
        ".avi",
        ".mkv",
        ".webm",
        ".wav",
        ".flac",
        ".ogg",
        ".pdf",
        ".doc",
        ".docx",
        ".xls",
        ".xlsx",
        ".ppt",
        ".pptx",
        ".odt",
        ".zip",
        ".gz",
        ".bz2",
        ".xz",
        ".zst",
        ".7z",
        ".rar",
        ".tar",
        ".tgz",
        ".jar",
        ".war",
        ".whl",
        ".egg",
        ".deb",
        ".rpm",
        ".dmg",
        ".iso",
        ".exe",
        ".dll",
        ".so",
        ".dylib",
        ".a",
        ".o",
        ".obj",
        ".lib",
        ".pyc",
        ".pyo",
        ".pyd",
        ".class",
        ".wasm",
        ".node",
        ".ttf",
        ".otf",
        ".woff",
        ".woff2",
        ".eot",
        ".sqlite",
        ".sqlite3",
        ".db",
        ".parquet",
        ".feather",
        ".npy",
        ".npz",
        ".h5",
        ".hdf5",
        ".onnx",
        ".gguf",
        ".safetensors",
        ".pt",
        ".pth",
        ".ckpt",
        ".pkl",
        ".pickle",
        ".bin",
        ".dat",
        ".mo",
        ".gresource",
    ]
)


def is_secret(name: str) -> bool:
    """Whether a file of this name may hold secrets. Names that say they are an example or a template do not."""
    return _SECRET.fullmatch(name) is not None and _NOT_SECRET.fullmatch(name) is None


def is_secret_folder(name: str) -> bool:
    """Whether everything in a folder of this name is kept out as secret."""
    return name in _SECRET_FOLDERS


def is_lock_file(name: str) -> bool:
    """Whether a package tool writes a file of this name and nobody reads it."""
    return name.lower() in _LOCK_FILES


def is_binary_name(name: str) -> bool:
    """Whether the suffix alone says that the file is not text; others are judged by their bytes."""
    dot = name.rfind(".")
    return dot > 0 and name[dot:].lower() in _BINARY_SUFFIXES


def is_minified_name(name: str) -> bool:
    """Whether the name says that a tool wrote the file for machines: ``*.min.js``, ``*.min.css``, source maps."""
    lowered = name.lower()
    return lowered.endswith((".min.js", ".min.css", ".min.mjs", ".js.map", ".css.map", ".mjs.map"))
