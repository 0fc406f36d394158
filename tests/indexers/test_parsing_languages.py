"""Each language on a small realistic text: what is defined, how it reads, what documents it."""

from inline_snapshot import snapshot
from magray_testkit.parsing import check_symbols


def test_python() -> None:
    check_symbols(
        "shop.py",
        snapshot("""\
4-4 constant MAX_ITEMS | MAX_ITEMS = 3
5-5 variable names | names: list[str] = []
8-25 class Basket | class Basket(Base) | What a person buys.//Kept until paid.
15-15 field Basket.owner | owner: str = ""
17-18 constructor Basket.__init__ | def __init__(self, owner: str) -> None
20-25 method Basket.total | def total(self) -> int | The sum.
23-24 function Basket.total.inner | def inner(x)
30-34 function pay | async def pay(basket: Basket, *, twice: bool = False) -> int | Pays for it./Twice if asked.\
"""),
    )


def test_javascript() -> None:
    check_symbols(
        "app.js",
        snapshot("""\
3-5 function createServer | export function createServer(port = 80) | Makes a server.
6-12 class Server | export default class Server extends Base
7-7 field Server.#port | #port = 1
8-8 constructor Server.constructor | constructor(port)
10-10 method Server.start | async start() | Starts.
10-10 function Server.start.local | function local()
11-11 method Server.port | get port()
13-13 function handler | const handler = async (req, res)
14-14 constant LIMIT | export const LIMIT = 10, other = 2
14-14 variable other | export const LIMIT = 10, other = 2
15-15 method app.get | app.get = function (path)
16-16 method run | run: function ()
16-16 method stop | stop()\
"""),
    )


def test_typescript() -> None:
    check_symbols(
        "app.ts",
        snapshot("""\
2-2 interface Point | export interface Point<T> | A point.
2-2 field Point.x | x: number
2-2 method Point.move | move(by: T): void
3-3 type Id | export type Id = string | number
4-4 enum Color | enum Color
5-8 namespace Geometry | namespace Geometry
6-6 variable Geometry.origin | export const origin: Point<number> = make()
7-7 function Geometry.area | export function area(w: number): number
9-15 class Repo | export abstract class Repo<T> implements Store
11-11 field Repo.items | private readonly items: T[] = []
12-12 constructor Repo.constructor | constructor(private http: Http)
13-13 method Repo.find | abstract find(id: Id): Promise<T>
14-14 method Repo.save | async save(item: T): Promise<void>
16-16 function useIt | export const useIt = (a: string): Id
17-17 function load | function load(name: string): void\
"""),
    )


def test_tsx() -> None:
    check_symbols(
        "View.tsx",
        snapshot("""\
1-1 type Props | type Props = { title: string }
3-6 function View | export const View: React.FC<Props> = ({ title }) | Shows it.
7-7 function Page | export default function Page()\
"""),
    )


def test_go() -> None:
    check_symbols(
        "store.go",
        snapshot("""\
4-4 variable ErrMissing | ErrMissing = errors.New("missing") | ErrMissing is returned.
7-7 constant A | A = iota
8-8 constant B | B
12-15 struct Store | type Store struct | Store keeps things.
13-13 field Store.mu | mu sync.Mutex
14-14 field Store.Name | Name string
17-19 interface Reader | type Reader interface
18-18 method Reader.Read | Read(p []byte) (int, error)
21-21 type ID | type ID = string
24-26 method Store.Get | func (s *Store) Get(ctx context.Context, id ID) (*Item, error) | Get finds one.
28-28 function New | func New[T any](name string) *Store\
"""),
    )


def test_rust() -> None:
    check_symbols(
        "lib.rs",
        snapshot("""\
7-10 struct Circle | pub struct Circle<T> | A shape.//With area.
9-9 field Circle.radius | pub radius: T | How wide.
12-12 enum Kind | pub enum Kind
12-12 constant Kind.Small | Small
12-12 constant Kind.Large | Large
14-17 trait Area | pub trait Area
15-15 constant Area.SIDES | const SIDES: usize
16-16 method Area.area | fn area(&self) -> f64
20-20 method Circle.area | fn area(&self) -> f64
24-24 method Circle.new | pub fn new(radius: f64) -> Self
27-30 module tests | mod tests
29-29 function tests.works | fn works()
32-32 macro square | macro_rules! square
33-33 constant MAX | pub const MAX: usize = 3
34-34 type Alias | type Alias = Vec<u8>\
"""),
    )


def test_java() -> None:
    check_symbols(
        "Shop.java",
        snapshot("""\
8-24 class Shop | public class Shop<T> extends Base implements Store | A shop.
10-10 constant Shop.MAX | private static final int MAX = 3
11-11 field Shop.items | private final List<T> items
13-13 constructor Shop.Shop | public Shop(List<T> items)
16-19 method Shop.sell | public T sell(String name, int count) throws SoldOut | Sells one.
21-21 enum Shop.State | enum State
21-21 constant Shop.State.OPEN | OPEN
21-21 constant Shop.State.CLOSED | CLOSED
22-22 interface Shop.Listener | interface Listener
22-22 method Shop.Listener.onSale | void onSale(String name)
23-23 class Shop.Item | record Item(String name)\
"""),
    )


def test_kotlin() -> None:
    check_symbols(
        "Shop.kt",
        snapshot("""\
4-16 class Shop | data class Shop(val name: String, var open: Boolean) : Base() | A shop.
5-5 property Shop.name | val name: String
5-5 property Shop.open | var open: Boolean
7-7 constant Shop.MAX | const val MAX = 3
8-8 method Shop.make | fun make(): Shop
10-10 property Shop.items | private val items = mutableListOf<String>()
11-11 constructor Shop.constructor | constructor(name: String) : this(name, true)
13-15 method Shop.sell | fun sell(count: Int): Int | Sells one.
17-19 interface Store | interface Store
18-18 method Store.find | fun find(id: Int): Shop?
20-20 enum State | enum class State
20-20 constant State.OPEN | OPEN
20-20 constant State.CLOSED | CLOSED
21-21 class Single | object Single
22-22 function shout | fun String.shout(): String
23-23 type Names | typealias Names = List<String>\
"""),
    )


def test_scala() -> None:
    check_symbols(
        "Shop.scala",
        snapshot("""\
4-10 class Shop | case class Shop(name: String) extends Base with Logging | A shop.
5-5 field Shop.max | val max = 3
6-9 method Shop.sell | def sell[A](count: Int)(implicit ec: Context): Future[A]
7-7 function Shop.sell.local | def local
11-13 class Shop | object Shop
12-12 method Shop.apply | def apply(): Shop
14-14 trait Store | trait Store
14-14 method Store.find | def find(id: Int): Option[Shop]
15-16 enum State | enum State
16-16 constant State.Open | Open
16-16 constant State.Closed | Closed
17-17 type Names | type Names = List[String]\
"""),
    )


def test_c() -> None:
    check_symbols(
        "list.c",
        snapshot("""\
2-2 macro MAX_ITEMS | #define MAX_ITEMS 10
3-3 macro SQUARE | #define SQUARE(x) ((x) * (x))
5-8 type node_t | typedef struct node { int value; struct node *next; } node_t
5-8 struct node | struct node
6-6 field node.value | int value
7-7 field node.next | struct node *next
10-10 enum color | enum color
10-10 constant color.RED | RED
10-10 constant color.GREEN | GREEN
11-11 type compare_fn | typedef int (*compare_fn)(const void *, const void *)
12-12 variable counter | static int counter = 0
14-14 function list_length | int list_length(const node_t *list)
18-21 function list_push | static node_t *list_push(node_t *list, int value) | Adds a value./Returns the new head.\
"""),
    )


def test_cpp() -> None:
    check_symbols(
        "shape.cpp",
        snapshot("""\
2-18 namespace geo | namespace geo
4-14 class geo.Shape | template <typename T> class Shape : public Base | A shape.
7-7 constructor geo.Shape.Shape | Shape(T x)
8-8 method geo.Shape.~Shape | virtual ~Shape() = default
9-9 method geo.Shape.area | virtual double area() const = 0
10-10 method geo.Shape.operator== | bool operator==(const Shape& other) const
11-11 method geo.Shape.points | std::vector<T> points()
13-13 field geo.Shape.x_ | T x_
15-15 struct geo.Point | struct Point
15-15 field geo.Point.x | int x, y
15-15 field geo.Point.y | int x, y
16-16 enum geo.Color | enum class Color
16-16 constant geo.Color.Red | Red
16-16 constant geo.Color.Green | Green
17-17 type geo.Ids | using Ids = std::vector<int>
20-20 method geo.Shape.area | double geo::Shape<int>::area() const
22-23 function largest | template <typename T> T largest(T a, T b)
25-25 function main | int main(int argc, char** argv)\
"""),
    )


def test_csharp() -> None:
    check_symbols(
        "Shop.cs",
        snapshot("""\
2-18 namespace A.B | namespace A.B
5-13 class A.B.Shop | public class Shop<T> : Base, IStore where T : class | <summary>A shop.</summary>
8-8 field A.B.Shop.max | private readonly int max = 3
9-9 property A.B.Shop.Name | public string Name { get; set; }
10-10 field A.B.Shop.Sold | public event EventHandler Sold
11-11 constructor A.B.Shop.Shop | public Shop(string name)
12-12 method A.B.Shop.SellAsync | public async Task<T> SellAsync(int count)
14-14 interface A.B.IStore | public interface IStore
14-14 method A.B.IStore.Find | void Find(int id)
15-15 enum A.B.State | public enum State
15-15 constant A.B.State.Open | Open
15-15 constant A.B.State.Closed | Closed
16-16 class A.B.Item | public record Item(string Name)
17-17 type A.B.Handler | public delegate void Handler(object sender)\
"""),
    )


def test_ruby() -> None:
    check_symbols(
        "shop.rb",
        snapshot("""\
2-23 module Trade | module Trade
5-22 class Trade.Shop | class Shop < Base | A shop./Sells things.
6-6 constant Trade.Shop.MAX | MAX = 3
9-11 constructor Trade.Shop.initialize | def initialize(name)
13-13 method Trade.Shop.open | def self.open(path)
15-17 method Trade.Shop.empty? | def empty?
20-20 method Trade.Shop.build | def build; end\
"""),
    )


def test_php() -> None:
    check_symbols(
        "Shop.php",
        snapshot("""\
9-22 class Shop | final class Shop extends Base implements Store | A shop.
12-12 constant Shop.MAX | const MAX = 3
13-13 field Shop.items | private array $items = []
15-15 constructor Shop.__construct | public function __construct(private string $name)
17-21 method Shop.find | public static function find(int $id): ?Shop
23-23 interface Store | interface Store
23-23 method Store.all | public function all(): array
24-24 trait Sells | trait Sells
24-24 method Sells.sell | function sell()
25-25 enum State | enum State: string
25-25 constant State.Open | case Open = "o"
26-26 function helper | function helper(string $a)\
"""),
    )


def test_swift() -> None:
    check_symbols(
        "Shop.swift",
        snapshot("""\
4-13 class Shop | public final class Shop: Base, Store | A shop.
5-5 property Shop.max | static let max = 3
6-6 property Shop.items | private var items: [String] = []
7-7 constructor Shop.init | init(name: String)
9-12 method Shop.sell | func sell(_ count: Int, to who: String) throws -> Int | Sells.
14-14 struct Point | struct Point
14-14 property Point.x | var x: Int
15-15 enum State | enum State
15-15 constant State.open | case open, closed
15-15 constant State.closed | case open, closed
16-19 interface Store | protocol Store
17-17 method Store.find | func find(id: Int) -> Shop?
18-18 property Store.name | var name: String { get }
20-20 method Shop.refund | func refund()
21-21 function free | func free<T>(x: T) -> T
22-22 type Names | typealias Names = [String]\
"""),
    )


def test_lua() -> None:
    check_symbols(
        "shop.lua",
        snapshot("""\
1-1 variable M | local M = {}
2-2 constant MAX | local MAX = 3
4-6 method M.sell | function M.sell(count) | Sells one.
7-7 method M.open | function M:open() end
8-8 function helper | local function helper(a, b)
9-9 method M.close | M.close = function() end
10-10 function run | local run = function() end
11-11 method stop | stop = function() end\
"""),
    )


def test_bash() -> None:
    check_symbols(
        "deploy.sh",
        snapshot("""\
2-2 constant TARGET | readonly TARGET=prod
3-3 variable region | region="eu"
5-7 function build | build() | Builds it.
8-10 function deploy | function deploy\
"""),
    )


def test_haskell() -> None:
    check_symbols(
        "Shop.hs",
        snapshot("""\
6-7 type Shop | data Shop = Shop { name :: String, open :: Bool } | Closed deriving (Show) | A shop.
6-6 constant Shop.Shop | Shop { name :: String, open :: Bool }
6-6 field Shop.name | name :: String
6-6 field Shop.open | open :: Bool
6-6 constant Shop.Closed | Closed
9-9 type Id | newtype Id = Id Int
9-9 constant Id.Id | Id Int
10-10 type Names | type Names = [String]
12-13 trait Store | class Store a
13-13 method Store.find | find :: a -> Int -> Maybe Shop
19-21 function sell | sell :: Int -> Shop -> Maybe Shop | Sells one.
23-23 function limit | limit = 3\
"""),
    )


def test_elixir() -> None:
    check_symbols(
        "shop.ex",
        snapshot("""\
1-22 module Trade.Shop | defmodule Trade.Shop
11-15 function Trade.Shop.sell | def sell(count) when count > 0 | Sells one.
17-17 function Trade.Shop.helper | defp helper(count), do: count
19-21 macro Trade.Shop.trace | defmacro trace(x)
24-26 interface Store | defprotocol Store
25-25 method Store.find | def find(id)\
"""),
    )


def test_zig() -> None:
    check_symbols(
        "shop.zig",
        snapshot("""\
1-1 constant std | const std = @import("std")
4-12 struct Point | pub const Point = struct | A point.
5-5 field Point.x | x: f32
6-6 field Point.y | y: f32
9-11 method Point.init | pub fn init(x: f32, y: f32) Point | Makes one.
13-13 enum Kind | const Kind = enum
13-13 constant Kind.small | small
13-13 constant Kind.large | large
14-14 function main | pub fn main() !void
15-15 constant counter | var counter: u32 = 0
16-18 function adds | test "adds"\
"""),
    )
