"""Small realistic texts, one for each language and format."""

SNIPPETS: dict[str, str] = {
    "shop.py": '''\
"""A shop."""
from dataclasses import dataclass

MAX_ITEMS = 3
names: list[str] = []


@dataclass(frozen=True)
class Basket(Base):
    """What a person buys.

    Kept until paid.
    """

    owner: str = ""

    def __init__(self, owner: str) -> None:
        self.owner = owner

    @property
    def total(self) -> int:
        """The sum."""
        def inner(x):
            return x
        return inner(1)


# Pays for it.
# Twice if asked.
async def pay(
    basket: Basket,
    *, twice: bool = False,
) -> int:
    return 1
''',
    "app.js": """\
import x from "x";
/** Makes a server. */
export function createServer(port = 80) {
  return new Server(port);
}
export default class Server extends Base {
  #port = 1;
  constructor(port) { super(); }
  // Starts.
  async start() { function local() {} }
  get port() { return 1; }
}
const handler = async (req, res) => { res.end(); };
export const LIMIT = 10, other = 2;
app.get = function (path) {};
module.exports = { run: function () {}, stop() {} };
""",
    "app.ts": """\
/** A point. */
export interface Point<T> { x: number; move(by: T): void }
export type Id = string | number;
enum Color { Red, Green }
namespace Geometry {
  export const origin: Point<number> = make();
  export function area(w: number): number { return w; }
}
@Injectable()
export abstract class Repo<T> implements Store {
  private readonly items: T[] = [];
  constructor(private http: Http) {}
  abstract find(id: Id): Promise<T>;
  async save(item: T): Promise<void> { }
}
export const useIt = (a: string): Id => a;
declare function load(name: string): void;
""",
    "View.tsx": """\
type Props = { title: string };
/** Shows it. */
export const View: React.FC<Props> = ({ title }) => {
  const [n, setN] = useState(0);
  return <div onClick={() => setN(n + 1)}>{title}</div>;
};
export default function Page() { return <View title="x" />; }
""",
    "store.go": """\
package store

// ErrMissing is returned.
var ErrMissing = errors.New("missing")

const (
	A = iota
	B
)

// Store keeps things.
type Store struct {
	mu   sync.Mutex
	Name string
}

type Reader interface {
	Read(p []byte) (int, error)
}

type ID = string

// Get finds one.
func (s *Store) Get(ctx context.Context, id ID) (*Item, error) {
	return nil, ErrMissing
}

func New[T any](name string) *Store { return &Store{Name: name} }
""",
    "lib.rs": """\
//! Crate docs.

/// A shape.
///
/// With area.
#[derive(Debug, Clone)]
pub struct Circle<T> {
    /// How wide.
    pub radius: T,
}

pub enum Kind { Small, Large(u8) }

pub trait Area {
    const SIDES: usize;
    fn area(&self) -> f64;
}

impl<T: Copy> Area for Circle<T> {
    fn area(&self) -> f64 { 1.0 }
}

impl Circle<f64> {
    pub fn new(radius: f64) -> Self { Self { radius } }
}

mod tests {
    #[test]
    fn works() {}
}

macro_rules! square { ($x:expr) => { $x * $x }; }
pub const MAX: usize = 3;
type Alias = Vec<u8>;
""",
    "Shop.java": """\
package a.b;

import java.util.List;

/**
 * A shop.
 */
@Service
public class Shop<T> extends Base implements Store {
    private static final int MAX = 3;
    private final List<T> items;

    public Shop(List<T> items) { this.items = items; }

    /** Sells one. */
    @Override
    public T sell(String name, int count) throws SoldOut {
        return null;
    }

    enum State { OPEN, CLOSED }
    interface Listener { void onSale(String name); }
    record Item(String name) {}
}
""",
    "Shop.kt": """\
package a.b

/** A shop. */
@Serializable
data class Shop(val name: String, var open: Boolean) : Base() {
    companion object {
        const val MAX = 3
        fun make(): Shop = Shop("", true)
    }
    private val items = mutableListOf<String>()
    constructor(name: String) : this(name, true)
    // Sells one.
    fun sell(count: Int): Int {
        return count
    }
}
interface Store {
    fun find(id: Int): Shop?
}
enum class State { OPEN, CLOSED }
object Single
fun String.shout(): String = uppercase()
typealias Names = List<String>
""",
    "Shop.scala": """\
package a.b

/** A shop. */
case class Shop(name: String) extends Base with Logging {
  val max = 3
  def sell[A](count: Int)(implicit ec: Context): Future[A] = {
    def local = 1
    Future(count)
  }
}
object Shop {
  def apply(): Shop = new Shop("")
}
trait Store { def find(id: Int): Option[Shop] }
enum State:
  case Open, Closed
type Names = List[String]
""",
    "list.c": """\
#include <stdio.h>
#define MAX_ITEMS 10
#define SQUARE(x) ((x) * (x))

typedef struct node {
    int value;
    struct node *next;
} node_t;

enum color { RED, GREEN };
typedef int (*compare_fn)(const void *, const void *);
static int counter = 0;

int list_length(const node_t *list);

/* Adds a value.
 * Returns the new head. */
static node_t *list_push(node_t *list, int value)
{
    return list;
}
""",
    "shape.cpp": """\
#include <vector>
namespace geo {
/// A shape.
template <typename T>
class Shape : public Base {
public:
    Shape(T x);
    virtual ~Shape() = default;
    virtual double area() const = 0;
    bool operator==(const Shape& other) const { return true; }
    std::vector<T> points() { return {}; }
private:
    T x_;
};
struct Point { int x, y; };
enum class Color { Red, Green };
using Ids = std::vector<int>;
}  // namespace geo

double geo::Shape<int>::area() const { return 1; }

template <typename T>
T largest(T a, T b) { return a > b ? a : b; }

int main(int argc, char** argv) { return 0; }
""",
    "Shop.cs": """\
using System;
namespace A.B
{
    /// <summary>A shop.</summary>
    [Serializable]
    public class Shop<T> : Base, IStore where T : class
    {
        private readonly int max = 3;
        public string Name { get; set; }
        public event EventHandler Sold;
        public Shop(string name) { Name = name; }
        public async Task<T> SellAsync(int count) => await Do(count);
    }
    public interface IStore { void Find(int id); }
    public enum State { Open, Closed }
    public record Item(string Name);
    public delegate void Handler(object sender);
}
""",
    "shop.rb": """\
require "json"
module Trade
  # A shop.
  # Sells things.
  class Shop < Base
    MAX = 3
    attr_reader :name

    def initialize(name)
      @name = name
    end

    def self.open(path) = new(path)

    def empty?
      true
    end

    class << self
      def build; end
    end
  end
end
""",
    "Shop.php": """\
<?php
namespace App\\Models;

use App\\Base;

/**
 * A shop.
 */
final class Shop extends Base implements Store
{
    use Sells;
    const MAX = 3;
    private array $items = [];

    public function __construct(private string $name) {}

    #[Route("/x")]
    public static function find(int $id): ?Shop
    {
        return null;
    }
}
interface Store { public function all(): array; }
trait Sells { function sell() {} }
enum State: string { case Open = "o"; }
function helper(string $a) { return $a; }
""",
    "Shop.swift": """\
import Foundation

/// A shop.
public final class Shop: Base, Store {
    static let max = 3
    private var items: [String] = []
    init(name: String) { }
    /// Sells.
    @discardableResult
    func sell(_ count: Int, to who: String) throws -> Int {
        return count
    }
}
struct Point { var x: Int }
enum State { case open, closed }
protocol Store {
    func find(id: Int) -> Shop?
    var name: String { get }
}
extension Shop { func refund() {} }
func free<T>(x: T) -> T { x }
typealias Names = [String]
""",
    "shop.lua": """\
local M = {}
local MAX = 3
-- Sells one.
function M.sell(count)
  return count
end
function M:open() end
local function helper(a, b) return a end
M.close = function() end
local run = function() end
return { stop = function() end, M = M }
""",
    "deploy.sh": """\
#!/usr/bin/env bash
readonly TARGET=prod
region="eu"
# Builds it.
build() {
  echo "build"
}
function deploy {
  build && echo done
}
""",
    "Shop.hs": """\
module Shop (sell) where

import Data.List (sort)

-- | A shop.
data Shop = Shop { name :: String, open :: Bool } | Closed
  deriving (Show)

newtype Id = Id Int
type Names = [String]

class Store a where
  find :: a -> Int -> Maybe Shop

instance Store Shop where
  find s i = Nothing

-- | Sells one.
sell :: Int -> Shop -> Maybe Shop
sell 0 _ = Nothing
sell n s = Just s

limit = 3
""",
    "shop.ex": '''\
defmodule Trade.Shop do
  @moduledoc """
  A shop.
  """
  use GenServer

  @doc """
  Sells one.
  """
  @spec sell(integer()) :: :ok
  def sell(count) when count > 0 do
    helper(count)
  end

  def sell(_), do: :error

  defp helper(count), do: count

  defmacro trace(x) do
    quote do: unquote(x)
  end
end

defprotocol Store do
  def find(id)
end
''',
    "shop.zig": """\
const std = @import("std");

/// A point.
pub const Point = struct {
    x: f32,
    y: f32,

    /// Makes one.
    pub fn init(x: f32, y: f32) Point {
        return .{ .x = x, .y = y };
    }
};
const Kind = enum { small, large };
pub fn main() !void {}
var counter: u32 = 0;
test "adds" {
    try std.testing.expect(true);
}
""",
    "guide.md": """\
---
title: x
---
Intro.

# Guide to *things* #

Text.

```sh
# not a heading
```

## Install

pip

Setext
------

More.

# Other
""",
    "guide.rst": """\
=====
Guide
=====

Install
-------

Text.

Deep
~~~~

Use
---
""",
    "compose.yaml": """\
# TODO: more services
version: "3"
services:
  web:
    image: nginx
    command: |
      key: not a key
  db:
    image: pg
""",
    "conf.toml": """\
name = "x"
[tool.ruff]
line-length = 120
[[bin]]
path = "y"  # FIXME: wrong
""",
    "package.json": """\
{
  "name": "x",
  "scripts": {
    "build": "tsc",
    "deep": {"a": 1}
  }
}
""",
    "index.html": """\
<html><head><title>Shop</title></head>
<body>
<!-- TODO: logo --><h1>Welcome</h1>
<div id="cart" class="x">
<h2><a href="#">Items</a></h2>
</div>
</body></html>
""",
    "style.css": """\
/* HACK: old browsers */
.button:hover,
.link { color: red; }
@media (max-width: 10px) {
  .button { color: blue; }
}
""",
}
